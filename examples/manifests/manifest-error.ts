/** A manifest that cannot be used; the message is one line for a person. */
export class ManifestError extends Error {
  constructor(file: string, field: string, problem: string) {
    super(`${file}: ${field === '' ? '' : `${field} `}${problem}`)
    this.name = 'ManifestError'
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Typed reading of a parsed manifest; every miss names the file and the field. */
export interface FieldReader {
  text(path: string): string
  object(path: string): Fields
  list(path: string): readonly Fields[]
  optional(path: string): unknown
  /** Refuses properties that would otherwise be ignored silently. */
  only(path: string, known: readonly string[]): void
}

/** Reads `root` by dotted paths such as `spec.containers.0.name`. */
export function readFields(file: string, root: unknown, prefix = ''): FieldReader {
  const at = (path: string): unknown =>
    path === ''
      ? root
      : path.split('.').reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], root)
  const fail = (path: string, problem: string): never => {
    throw new ManifestError(file, `${prefix}${path}`, problem)
  }
  return {
    optional: at,
    text(path) {
      const value = at(path)
      return typeof value === 'string' && value !== '' ? value : fail(path, 'must be a text')
    },
    object(path) {
      const value = at(path)
      const fits = typeof value === 'object' && value !== null && !Array.isArray(value)
      return fits ? (value as Fields) : fail(path, 'must be an object')
    },
    list(path) {
      const value = at(path) ?? []
      return Array.isArray(value) ? (value as Fields[]) : fail(path, 'must be a list')
    },
    only(path, known) {
      for (const key of Object.keys((at(path) ?? {}) as Fields)) {
        if (!known.includes(key)) fail(path === '' ? key : `${path}.${key}`, 'is not supported here')
      }
    },
  }
}
