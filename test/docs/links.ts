import { posix } from 'node:path'

/**
 * Relative links of a Markdown page to files that do not exist, and to headings that a page lacks.
 *
 * @param read the text of a file, or undefined when it does not exist; a folder is an empty text
 */
export function brokenLinks(path: string, read: (path: string) => string | undefined): string[] {
  const prose = proseOf(read(path) ?? '')
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(link => {
    const [, target = ''] = link
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const text = file === '' ? prose : read(posix.join(posix.dirname(path), file))
    const line = prose.slice(0, link.index).split('\n').length
    if (text === undefined) return [`${path}:${line} links to ${target}, which does not exist`]
    if (anchor === undefined || anchorsOf(text).includes(anchor)) return []
    return [`${path}:${line} links to ${target}, and there is no such heading`]
  })
}

/** The text without its code blocks, with the same lines. */
export function proseOf(text: string): string {
  return text.replaceAll(/^(`{3,})[\s\S]*?^\1/gm, block => block.replaceAll(/[^\n]/g, ''))
}

/** The anchors that hosts of repositories make from headings. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}
