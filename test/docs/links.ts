import { posix } from 'node:path'

/** Relative links of a Markdown page to files that are not there, and to headings of this page that it lacks. */
export function brokenLinks(path: string, text: string, exists: (path: string) => boolean): string[] {
  const prose = text.replaceAll(/^(`{3,})[\s\S]*?^\1/gm, block => block.replaceAll(/[^\n]/g, ''))
  const anchors = [...prose.matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) => anchorOf(title))
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(link => {
    const [, target = ''] = link
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const there = file === '' ? anchors.includes(anchor ?? '') : exists(posix.join(posix.dirname(path), file))
    const line = prose.slice(0, link.index).split('\n').length
    return there ? [] : [`${path}:${line} links to ${target}, which is not there`]
  })
}

/** The anchor that hosts of repositories make from a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}
