import type { Kind, ObjectRef, ReadOptions } from '../../store/index.js'

/** Hears what is read, right after it was. */
export interface ReadListener {
  got(kind: Kind, ref: ObjectRef): void
  listed(kind: Kind, options?: ReadOptions): void
}
