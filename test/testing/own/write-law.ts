import type { Law, RevisionView, SeenChange } from '../../simulation/fixtures/revision-view.js'
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

/** An expectation by a law of `test/simulation`, which looks at one revision after the other. Time is not looked at. */
export function keeps(kinds: readonly Kind[], makeLaw: () => Law): (reader: Reader) => boolean {
  const worlds = new WeakMap<Reader, { readonly law: Law; objects: ReadonlyMap<string, StoredObject> }>()
  return reader => {
    const world = worlds.get(reader) ?? { law: makeLaw(), objects: new Map() }
    worlds.set(reader, world)
    const before = world.objects
    const now = new Map(
      kinds.flatMap(kind => reader.list(kind).items.map(object => [object.metadata.uid, object] as const)),
    )
    world.objects = now
    const uids = [...new Set([...before.keys(), ...now.keys()])]
    const changes = uids
      .filter(uid => before.get(uid) !== now.get(uid))
      .map((uid): SeenChange => {
        const change = { before: before.get(uid), now: now.get(uid) }
        return { ...change, kind: (change.now ?? change.before)?.kind ?? '' }
      })
    const view: RevisionView = {
      revision: reader.revision,
      atMs: Number.POSITIVE_INFINITY,
      changes,
      foreign: false,
      all: kind => reader.list(kind).items,
      changed: kind => changes.filter(change => change.kind === kind.kind) as never,
    }
    return world.law(view).length === 0
  }
}
