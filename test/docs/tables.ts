import { proseOf } from './links.js'

/** A table of a Markdown page. */
export interface Table {
  /** Line of the header, counted from 1. */
  readonly line: number
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The tables of a page, outside of code blocks. */
export function tablesOf(text: string): Table[] {
  const lines = proseOf(text).split('\n')
  return lines.flatMap((line, index) => {
    if (!line.startsWith('|') || !/^\|[\s:|-]+\|$/.test(lines[index + 1] ?? '')) return []
    const rest = lines.slice(index + 2)
    const end = rest.findIndex(row => !row.startsWith('|'))
    const rows = end === -1 ? rest : rest.slice(0, end)
    return [{ line: index + 1, header: cellsOf(line), rows: rows.map(cellsOf) }]
  })
}

function cellsOf(row: string): string[] {
  return row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map(cell => cell.trim())
}
