import type { KindTable } from '../engine/kind-table.js'
import { hiddenObject } from '../object/hidden-object.js'
import type { StoredObject } from '../object/object.js'

/** What an administrator is shown of an object: all of it, or, of a secret kind that was not asked for, what is no secret. */
export function shownObject({ kind }: KindTable, object: StoredObject, secrets: boolean): StoredObject {
  return kind.secret && !secrets ? hiddenObject(object) : object
}
