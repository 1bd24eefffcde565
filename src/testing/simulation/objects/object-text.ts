import { canonicalJson } from '../../../core/internal.js'
import type { StoredObject } from '../../../store/index.js'

const known = new WeakMap<StoredObject, string>()

/** All that an object says, but not how often it was written. */
export function objectText(object: StoredObject): string {
  let text = known.get(object)
  if (text === undefined) {
    text = textOfDraft(object)
    known.set(object, text)
  }
  return text
}

/** The same of what was read or answered: objects, lists of them, and plain values. */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(textOf).join('\n')
  if ('items' in value && Array.isArray(value.items)) return value.items.map(textOf).join('\n')
  if (!isObject(value)) return Object.values(value).map(textOf).join('\n')
  return Object.isFrozen(value) ? objectText(value) : textOfDraft(value)
}

function isObject(value: object): value is StoredObject {
  return 'kind' in value && 'metadata' in value && typeof value.metadata === 'object'
}

function textOfDraft({ kind, metadata, spec, status }: StoredObject): string {
  const { resourceVersion: _version, generation, ...meta } = metadata
  return canonicalJson({
    kind,
    meta,
    spec: spec ?? null,
    status: relative(status ?? null, generation),
  })
}

/** An observed generation says how far it is behind. */
function relative(value: unknown, generation: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => relative(item, generation))
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) =>
      key === 'observedGeneration' && typeof field === 'number'
        ? [key, `${generation - field} behind`]
        : [key, relative(field, generation)],
    ),
  )
}
