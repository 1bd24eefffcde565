import type { Kind, Reader, StoredObject } from '../../../src/store/index.js'

/** What one write changed; `now` is absent for an object that is gone. */
export interface Change<Spec, Status> {
  readonly before: StoredObject<Spec, Status> | undefined
  readonly now: StoredObject<Spec, Status> | undefined
}

/** Holds for each change of an object of one kind; the reader shows everything right after the write. */
export type ChangeLaw<Spec, Status> = (change: Change<Spec, Status>, reader: Reader) => boolean

/**
 * An expectation that compares each write with what was there before it. One store is one execution, so that is
 * what is remembered by. A namesake with another uid is another object.
 */
export function changesOf<Spec, Status>(
  kind: Kind<Spec, Status>,
  holds: ChangeLaw<Spec, Status>,
): (reader: Reader) => boolean {
  const seen = new WeakMap<Reader, ReadonlyMap<string, StoredObject<Spec, Status>>>()
  return reader => {
    const before = seen.get(reader) ?? new Map<string, StoredObject<Spec, Status>>()
    const after = new Map(reader.list(kind).items.map(object => [object.metadata.uid, object]))
    seen.set(reader, after)
    const isRight = (uid: string): boolean => {
      const change = { before: before.get(uid), now: after.get(uid) }
      return change.before === change.now || holds(change, reader)
    }
    return [...new Set([...before.keys(), ...after.keys()])].every(isRight)
  }
}
