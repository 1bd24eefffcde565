const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  h: 3_600_000,
  minutes: 60_000,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
}
const NUMBER = /(\d[\d,]*(?:\.\d+)?(?:e\d+)?)(?:\^(\d+))?(?:\s(s|h|minutes|KiB|MiB)\b)?/g

/** The numbers in a text outside of code, times in milliseconds and sizes in bytes: `2 s, 3` is 2000 and 3. */
export function numbersIn(text: string): number[] {
  const prose = text.replaceAll(/`[^`]*`/g, '')
  return [...prose.matchAll(NUMBER)].map(([, digits = '', power, unit]) => {
    const base = Number(digits.replaceAll(',', ''))
    return (
      (power === undefined ? base : base ** Number(power)) * (unit === undefined ? 1 : (UNITS[unit] ?? 1))
    )
  })
}

/** A source file: its path and text. */
export interface SourceText {
  readonly path: string
  readonly text: string
}

/**
 * The number that a source file gives to `name`: a constant or the default of a parameter, else a member of an object.
 *
 * @param file a base name, after the area where it is not unique: `json-patch`, `core/constraints`
 * @throws Error when there is no such file, or several, or the name has no number there, or several
 */
export function numberOf(sources: readonly SourceText[], file: string, name: string): number {
  const [base = '', area = ''] = file.split('/').toReversed()
  const found = sources.filter(({ path }) => path.startsWith(`src/${area}`) && path.endsWith(`/${base}.ts`))
  if (found.length !== 1) throw new Error(`${found.length} files are called ${file}, not 1: ${paths(found)}`)
  const code = (found[0]?.text ?? '').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  const values = given(code, name, '(?: =| \\?\\?)')
  if (values.size === 0) for (const member of given(code, name, ':')) values.add(member)
  const [value] = values
  if (value === undefined || values.size > 1)
    throw new Error(`${paths(found)} gives ${name} ${values.size} numbers, not 1: ${[...values].join(', ')}`)
  return value
}

/** The numbers after `name` and one of these signs. */
function given(code: string, name: string, signs: string): Set<number> {
  const found = code.matchAll(
    new RegExp(`\\b${name}(?:: number)?${signs} (-?[\\de_.]+(?: (?:\\*\\*?|-) [\\d_]+)*)`, 'g'),
  )
  return new Set([...found].map(([, value = '']) => valueOf(value)))
}

function valueOf(expression: string): number {
  const tokens = expression.replaceAll('_', '').split(' ')
  let value = Number(tokens[0])
  for (let at = 1; at < tokens.length; at += 2) {
    const operand = Number(tokens[at + 1])
    if (tokens[at] === '**') value **= operand
    else if (tokens[at] === '-') value -= operand
    // `8 * 2 ** 20`: the power binds first.
    else value *= tokens[at + 2] === '**' ? operand ** Number(tokens[(at += 2) + 1]) : operand
  }
  return value
}

function paths(sources: readonly SourceText[]): string {
  return sources.map(({ path }) => path).join(', ')
}
