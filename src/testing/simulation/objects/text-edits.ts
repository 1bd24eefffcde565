import type { ObjectInput } from '../../../store/index.js'
import type { SpecEdit } from './spec-edits.js'

/** The finalizer that a simulated user adds, and takes away again. */
export const USER_FINALIZER = 'testing.keelson/held'

const SPEC_TEXTS_MAX = 4
const MAP_TEXTS_MAX = 2
const DEPTH_MAX = 4

type Path = readonly string[]

/**
 * Changes of the texts in an object: in its spec, its labels, its annotations, and one finalizer more. Another value is
 * taken from what `world` holds: what another object of the kind has in the same place; of a name of an object, that of
 * another one of its kind; or else the text with the next number, or `-2`.
 */
export function textEdits(object: ObjectInput, world: readonly ObjectInput[]): readonly SpecEdit[] {
  const { spec, metadata } = object
  const others = world.filter(other => other !== object && other.kind === object.kind)
  const edits: SpecEdit[] = []
  for (const path of textPaths(spec).slice(0, SPEC_TEXTS_MAX)) {
    const value = drawn(textAt(spec, path), [
      ...others.map(other => textAt(other.spec, path)),
      ...namesBeside(textAt(spec, path), world),
    ])
    edits.push({
      label: `spec.${path.join('.')} = ${JSON.stringify(value)}`,
      spec: withText(spec, path, value),
    })
  }
  for (const field of ['labels', 'annotations'] as const) {
    const map = metadata[field] ?? {}
    for (const key of Object.keys(map).slice(0, MAP_TEXTS_MAX)) {
      const value = drawn(
        map[key],
        others.map(other => other.metadata[field]?.[key]),
      )
      const label = `${field}.${key} = ${JSON.stringify(value)}`
      edits.push({ label, spec, [field]: { ...map, [key]: value } })
    }
  }
  const finalizers = [...(metadata.finalizers ?? []), USER_FINALIZER]
  edits.push({ label: `finalizers + ${USER_FINALIZER}`, spec, finalizers })
  return edits
}

function textPaths(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value === 'string') return value === '' ? [] : [path]
  if (typeof value !== 'object' || value === null || Array.isArray(value) || path.length >= DEPTH_MAX)
    return []
  return Object.entries(value)
    .flatMap(([key, inner]) => textPaths(inner, [...path, key]))
    .sort((a, b) => a.length - b.length)
}

function textAt(value: unknown, path: Path): string | undefined {
  const found = path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
  return typeof found === 'string' ? found : undefined
}

function withText(value: unknown, [key, ...rest]: Path, text: string): unknown {
  if (key === undefined) return text
  return { ...(value as object), [key]: withText(Reflect.get(value as object, key), rest, text) }
}

/** Where a text is the name of an object, names of others of its kind. */
function namesBeside(
  text: string | undefined,
  world: readonly ObjectInput[],
): readonly (string | undefined)[] {
  const kinds = new Set(world.filter(({ metadata }) => metadata.name === text).map(({ kind }) => kind))
  return world.filter(({ kind }) => kinds.has(kind)).map(({ metadata }) => metadata.name)
}

function drawn(text: string | undefined, candidates: readonly (string | undefined)[]): string {
  const other = candidates.find(candidate => candidate !== undefined && candidate !== text)
  if (other !== undefined) return other
  const next = text?.replace(/\d+(?!.*\d)/, digits => String(Number(digits) + 1))
  return next === undefined || next === text ? `${text}-2` : next
}
