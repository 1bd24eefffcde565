/** A manifest that cannot be used; the message has one line for each thing that is wrong. */
export class ManifestError extends Error {
  constructor(file: string, problems: readonly string[]) {
    super(problems.map(problem => `${file}: ${problem}`).join('\n'))
    this.name = 'ManifestError'
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Typed reading of a parsed manifest. What is wrong is noted, with its field, and read as something empty. */
export interface FieldReader {
  text(path: string): string
  number(path: string, absent: number): number
  object(path: string): Fields
  list(path: string): readonly Fields[]
  optional(path: string): unknown
  /** Refuses properties that would otherwise be ignored silently. */
  only(path: string, known: readonly string[]): void
}

/** Reads `root` by dotted paths such as `spec.containers.0.name`. @param problems gets a line for each miss */
export function readFields(problems: string[], root: unknown, prefix = ''): FieldReader {
  const at = (path: string): unknown =>
    path === ''
      ? root
      : path.split('.').reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], root)
  const miss = <T>(path: string, problem: string, instead: T): T => {
    problems.push(`${prefix}${path} ${problem}`)
    return instead
  }
  return {
    optional: at,
    text(path) {
      const value = at(path)
      return typeof value === 'string' && value !== '' ? value : miss(path, 'must be a text', '')
    },
    number(path, absent) {
      const value = at(path) ?? absent
      return typeof value === 'number'
        ? value
        : miss(path, `must be a number, not ${JSON.stringify(value)}`, absent)
    },
    object(path) {
      const value = at(path)
      const fits = typeof value === 'object' && value !== null && !Array.isArray(value)
      return fits ? (value as Fields) : miss(path, 'must be an object', {})
    },
    list(path) {
      const value = at(path) ?? []
      return Array.isArray(value) ? (value as Fields[]) : miss(path, 'must be a list', [])
    },
    only(path, known) {
      for (const key of Object.keys((at(path) ?? {}) as Fields)) {
        if (!known.includes(key))
          miss(path === '' ? key : `${path}.${key}`, 'is not supported here', undefined)
      }
    },
  }
}
