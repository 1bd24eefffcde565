import type { StoredObject } from '../../../store/index.js'

/** The name by which people speak of an object. */
export function nameOf({ kind, metadata: { namespace, name } }: StoredObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}

/** As the steps of a store name what they write. */
export function keyOf({ kind, metadata: { namespace, name } }: StoredObject): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
