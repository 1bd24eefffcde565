/** A file of docs/decisions, with its path from there. */
export interface RecordFile {
  readonly name: string
  readonly text: string
}

const SECTIONS = ['Context', 'Decision', 'Consequences', 'Rejected']

/** What keeps a decision record from having the form of all others. */
export function recordViolations({ name, text }: RecordFile): string[] {
  const found: string[] = []
  const [heading = '', , status = ''] = text.split('\n')
  const number = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md$/.exec(name)?.[1]
  if (number === undefined) found.push(`${name} is not named NNNN-name-in-kebab-case.md`)
  if (titleOf(text) === undefined || !heading.startsWith(`# ${number}: `))
    found.push(`${name}:1 must be "# ${number ?? 'NNNN'}: Title"`)
  if (!/^\*\d{4}-\d{2}-\d{2}, (?:accepted|superseded by \d{4})\.\*$/.test(status))
    found.push(`${name}:3 must be a date and a status, such as "*2026-11-21, accepted.*"`)
  const sections = text.split(/^## /m).slice(1)
  const titles = sections.map(section => section.slice(0, section.indexOf('\n')))
  if (titles.join() !== SECTIONS.join())
    found.push(`${name} has the sections ${titles.join(', ') || 'none'}, not ${SECTIONS.join(', ')}`)
  for (const [index, section] of sections.entries())
    if (section.slice(titles[index]?.length).trim() === '') found.push(`${name}: ${titles[index]} is empty`)
  return found
}

/** Records that the index lacks, names twice or calls by another title, and lines of it about missing records. */
export function indexViolations(index: string, records: readonly RecordFile[]): string[] {
  const lines = index.split(/\n(?=- |\n)/).map(line => line.replaceAll(/\s+/g, ' ').trim())
  const entries = lines.flatMap(line => {
    const entry = /^- \[(\d{4})\]\(([^)]+)\): (.+)$/.exec(line)
    return entry === null ? [] : [{ number: entry[1] ?? '', name: entry[2] ?? '', says: entry[3] ?? '' }]
  })
  const missing = records.flatMap(({ name, text }) => {
    const its = entries.filter(entry => entry.name === name)
    if (its.length !== 1) return [`the index has ${its.length} lines about ${name}, not 1`]
    const [number, title] = [name.slice(0, 4), titleOf(text) ?? '']
    const isRight = its[0]?.number === number && its[0].says.startsWith(`${title}. `)
    return isRight ? [] : [`the index must say of ${name}: "[${number}](${name}): ${title}. One sentence."`]
  })
  const stale = entries
    .filter(({ name }) => !records.some(record => record.name === name))
    .map(({ name }) => `the index has ${name}, which does not exist`)
  return [...missing, ...stale]
}

function titleOf(text: string): string | undefined {
  return /^# \d{4}: (\S.*)\n/.exec(text)?.[1]
}
