/** Makes identifiers that are unique within the process's world. */
export interface IdSource {
  /** A fresh unique id, for example a UUID in production and `task-1` in a test. `hint` may appear in the id. */
  next(hint?: string): string
}
