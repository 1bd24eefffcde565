/** A fenced ```ts block, where it stands, and its text without the fence and the comment's stars. */
export interface CodeBlock {
  readonly path: string
  /** Line of the first line of code, counted from 1. */
  readonly line: number
  readonly code: string
}

const fence = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)(.*)$/

/** Blocks of a Markdown file. Every `ts` block is a program; other names of TypeScript would dodge that. */
export function markdownBlocks(path: string, text: string): CodeBlock[] {
  return blocksIn(path, text.split('\n'), 1)
}

/** Blocks in the doc comments of a TypeScript file. */
export function docCommentBlocks(path: string, text: string): CodeBlock[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(comment => {
    const firstLine = text.slice(0, comment.index).split('\n').length
    const lines = comment[0].split('\n').map(line => line.replace(/^\s*(?:\/\*\*|\*(?!\/)) ?/, ''))
    return blocksIn(path, lines, firstLine)
  })
}

/** Turns a block into a module whose lines have the numbers that they have in `path`. */
export function asModule({ code, line }: CodeBlock): string {
  return `${'\n'.repeat(line - 1)}${code}\nexport {}\n`
}

/** A file name for the module of a block, from which its origin can be told. */
export function moduleName({ path, line }: CodeBlock): string {
  return `${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}-line-${line}.ts`
}

function blocksIn(path: string, lines: readonly string[], firstLine: number): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { mark: string; language: string; indent: number; line: number; code: string[] } | undefined
  for (const [index, text] of lines.entries()) {
    const found = fence.exec(text)
    if (open === undefined) {
      if (!found) continue
      const [, indent = '', mark = '', language = '', rest = ''] = found
      if (isDodge(language, rest)) {
        throw new Error(
          `${path}:${firstLine + index}: write \`\`\`ts alone, so that the block runs, not ${text.trim()}`,
        )
      }
      open = { mark, language, indent: indent.length, line: firstLine + index + 1, code: [] }
    } else if (found && found[2] === open.mark && found[3] === '') {
      if (open.language === 'ts') blocks.push({ path, line: open.line, code: open.code.join('\n') })
      open = undefined
    } else {
      open.code.push(text.slice(Math.min(open.indent, text.length - text.trimStart().length)))
    }
  }
  if (open !== undefined) throw new Error(`${path}:${open.line - 1}: a fence is opened and never closed`)
  return blocks
}

function isDodge(language: string, rest: string): boolean {
  if (/^(?:typescript|tsx|mts|js|javascript|mjs)$/i.test(language)) return true
  return /^ts$/i.test(language) && (language !== 'ts' || rest.trim() !== '')
}
