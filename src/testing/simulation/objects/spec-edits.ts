/** What the user may want of an object instead, and what is different. */
export interface SpecEdit extends Partial<EditedMetadata> {
  readonly label: string
  readonly spec: unknown
}

/** What of an object's metadata the user may write; what is left out stays. */
export interface EditedMetadata {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly finalizers: readonly string[]
}

const EDITS_MAX = 8
const DEPTH_MAX = 4

/**
 * Small changes of a spec, made from its own values: numbers one up and one down, never below zero, flags turned,
 * lists without their last item or reversed. At most eight; outer fields first.
 */
export function specEdits(spec: unknown): readonly SpecEdit[] {
  const edits: SpecEdit[] = []
  let level: Place[] = [{ path: 'spec', value: spec, put: value => value }]
  for (let depth = 0; depth < DEPTH_MAX && level.length > 0; depth++) {
    for (const { path, value, put } of level) {
      for (const other of otherValues(value))
        edits.push({ label: `${path} = ${JSON.stringify(other)}`, spec: put(other) })
    }
    level = level.flatMap(fieldsOf)
  }
  return edits.slice(0, EDITS_MAX)
}

interface Place {
  readonly path: string
  readonly value: unknown
  /** The whole spec with another value here. */
  readonly put: (value: unknown) => unknown
}

function fieldsOf({ path, value, put }: Place): Place[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).map(([key, field]) => ({
    path: `${path}.${key}`,
    value: field,
    put: (other: unknown) => put({ ...value, [key]: other }),
  }))
}

function otherValues(value: unknown): readonly unknown[] {
  if (typeof value === 'number') return value > 0 ? [value + 1, Math.max(0, value - 1)] : [value + 1]
  if (typeof value === 'boolean') return [!value]
  if (!Array.isArray(value) || value.length === 0) return []
  return value.length > 1 ? [value.slice(0, -1), [...value].reverse()] : [[]]
}
