import { proseOf } from './links.js'

/** Longest line of prose, in characters, as of code in the sources; tables and blocks of code may be wider. */
const PROSE_COLUMNS_MAX = 120
const COLUMNS_MAX = 160

/** Turns of phrase that a reader does not search for, and what to write. */
const IDIOMS: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\b(?:that|which)\s+there\s+(?:is|are)\s+not\b/, 'missing, or unknown'],
  [/\b(?:that|which|who)\s+(?:is|are)\s+none\b/, 'invalid'],
  [/\bfor\s+ever\b/, 'without end'],
  [/\b(?:told|tells?|telling)\s+[\w\s]*\bapart\b/, 'distinguished'],
  [/\banew\b/, 'again'],
  [/\b(?:go|goes|going|went)\s+on\b/, 'continue'],
  [/\b(?:nobody|somebody|everybody)\b/, 'who it is: no caller, another writer, all readers'],
]

/** Lines that are too long, and idioms outside of code. */
export function proseViolations(path: string, text: string): string[] {
  const prose = proseOf(text)
  const isProse = prose.split('\n').map(line => line !== '' && !line.startsWith('|'))
  const long = text.split('\n').flatMap((line, index) => {
    const most = isProse[index] === true ? PROSE_COLUMNS_MAX : COLUMNS_MAX
    return line.length > most ? [`${path}:${index + 1} has ${line.length} columns, at most ${most}`] : []
  })
  const idioms = IDIOMS.flatMap(([phrase, instead]) =>
    [...prose.matchAll(new RegExp(phrase, 'gi'))].map(({ 0: found, index }) => {
      const line = prose.slice(0, index).split('\n').length
      return `${path}:${line} says "${found.replaceAll(/\s+/g, ' ')}"; say ${instead}`
    }),
  )
  return [...long, ...idioms]
}

/**
 * Names in inline code that the sources do not have: of what was renamed or removed. A name is a word with a capital
 * inside, as `maxSurge` or `InvalidError`; texts in quotes are none, and neither is what stands under a heading that
 * begins with "Coming from", which has the words of other systems.
 */
export function unknownNames(path: string, text: string, known: ReadonlySet<string>): string[] {
  const sections = proseOf(text).split(/^(?=#+ )/m)
  const own = sections.filter(section => !/^#+ Coming from/.test(section)).join('')
  const spans = [...own.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code.replaceAll(/'[^']*'/g, ''))
  const names = spans
    .flatMap(code => code.match(/[A-Za-z_$][\w$]*/g) ?? [])
    .filter(name => /[a-z][A-Z]/.test(name))
  return [...new Set(names)]
    .filter(name => !known.has(name))
    .map(name => `${path} speaks of ${name}, which the sources do not have`)
}
