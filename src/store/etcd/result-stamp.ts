import { isRecord } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import { versionAt } from '../engine/version.js'
import type { StoredObject } from '../object/object.js'

/** So deep objects are looked for in what a body returns. */
const DEPTH_MAX = 4

/**
 * The result of a write with the objects that it has made as they are committed: a number is given when the commit is
 * made, so what a body has seen of its own writes is provisional.
 */
export function stamped<T>(
  engine: Engine,
  result: T,
  { provisional, revision }: { readonly provisional: number; readonly revision: number },
): T {
  const text = String(provisional)
  const visit = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (isObjectOf(value, text)) return committed(engine, value, revision)
    if (depth === DEPTH_MAX) return value
    if (Array.isArray(value)) {
      const items = (value as readonly unknown[]).map(item => visit(item, depth + 1))
      return items.some((item, index) => item !== value[index]) ? items : value
    }
    if (!isRecord(value) || 'metadata' in value || Object.getPrototypeOf(value) !== Object.prototype)
      return value
    const entries = Object.entries(value).map(([key, part]) => [key, visit(part, depth + 1)] as const)
    return entries.some(([key, part]) => part !== value[key]) ? Object.fromEntries(entries) : value
  }
  return visit(result, 0) as T
}

function isObjectOf(value: object, resourceVersion: string): value is StoredObject {
  const { metadata, kind } = value as Partial<StoredObject>
  return typeof kind === 'string' && isRecord(metadata) && metadata['resourceVersion'] === resourceVersion
}

/** As readers of this store have it; of what was deleted, or has changed since, a copy under the revision. */
function committed(engine: Engine, object: StoredObject, revision: number): StoredObject {
  const { apiVersion, kind, metadata } = object
  const entry = engine.tables.named(apiVersion, kind)?.find(metadata.namespace, metadata.name)
  const kept = entry === undefined ? undefined : versionAt(entry, revision)?.object
  const resourceVersion = String(revision)
  if (kept?.metadata.resourceVersion === resourceVersion && kept.metadata.uid === metadata.uid) return kept
  return Object.freeze({ ...object, metadata: Object.freeze({ ...metadata, resourceVersion }) })
}
