import type { StoredObject } from '../../store/index.js'

/** What a cache holds under one key: the same one for as long as the object is there, whatever it becomes. */
export interface HeldObject {
  object: StoredObject
  /** Its `resourceVersion`, as a number. */
  version: number
}
