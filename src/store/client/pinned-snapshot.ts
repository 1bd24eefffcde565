import type { Env } from '../../core/index.js'
import { ClosedError } from '../../core/index.js'
import type { Engine } from '../engine/engine.js'
import { objectAt } from '../engine/version.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { ExpiredError } from '../object/store-errors.js'
import { forkEngine } from '../read/fork.js'
import { countGroups } from '../read/group-counts.js'
import { countList, listPage } from '../read/list-page.js'
import type { ListView } from '../read/list-view.js'
import { pinnedView } from '../read/list-view.js'
import { keptRevision, parseRevision } from '../read/read-revision.js'
import type { GroupBy, GroupCount, ListOptions, ObjectList } from '../read/reader.js'
import type { StateHash } from '../read/state-hash.js'
import type { Snapshot, Store } from './client.js'
import type { StoreParts } from './store-parts.js'

/**
 * Pins a revision; taking it copies nothing. `open` makes the store of a fork.
 *
 * @throws ExpiredError, FutureRevisionError
 */
export function takeSnapshot(
  parts: StoreParts,
  asked: number | string | undefined,
  open: (fork: Engine) => Store,
): Snapshot {
  const { engine } = parts
  engine.assertOpen()
  const revision =
    asked === undefined ? engine.revision : keptRevision(engine.log, parseRevision('revision', asked))
  engine.history.pin(revision)
  return new PinnedSnapshot(parts, revision, open)
}

/** One is made for every few reads, so it is a class: nothing is built before it is asked for. */
class PinnedSnapshot implements Snapshot {
  readonly revision: number
  readonly #engine: Engine
  readonly #hashes: StateHash
  readonly #open: (fork: Engine) => Store
  #view: ListView | undefined = undefined
  #closed = false

  constructor({ engine, hashes }: StoreParts, revision: number, open: (fork: Engine) => Store) {
    this.#engine = engine
    this.#hashes = hashes
    this.revision = revision
    this.#open = open
  }

  get<Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef): StoredObject<Spec, Status> | undefined {
    this.#assertReadable()
    const table = this.#engine.table(kind)
    assertRef(table.kind, ref)
    const entry = table.find(ref.namespace, ref.name)
    const object = entry === undefined ? undefined : objectAt(entry, this.revision)
    return object as StoredObject<Spec, Status> | undefined
  }

  list<Spec, Status>(
    kind: Kind<Spec, Status>,
    options: ListOptions = {},
  ): ObjectList<StoredObject<Spec, Status>> {
    const list = listPage(this.#lists(), this.#engine.table(kind), options)
    return list as ObjectList<StoredObject<Spec, Status>>
  }

  count<Spec, Status>(kind: Kind<Spec, Status>, options: ListOptions = {}): number {
    return countList(this.#lists(), this.#engine.table(kind), options)
  }

  countBy<Spec, Status>(
    kind: Kind<Spec, Status>,
    by: GroupBy,
    options: ListOptions = {},
  ): readonly GroupCount[] {
    return countGroups(this.#lists(), this.#engine.table(kind), by, options)
  }

  hash(): string {
    this.#assertReadable()
    return this.#hashes.at(this.revision)
  }

  fork(env: Env = this.#engine.env): Store {
    this.#assertReadable()
    return this.#open(forkEngine(this.#engine, this.revision, env))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { history, compactor } = this.#engine
    if (history.release(this.revision)) compactor.cutFree()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #lists(): ListView {
    this.#assertReadable()
    return (this.#view ??= pinnedView(this.#engine, this.revision))
  }

  #assertReadable(): void {
    if (this.#closed) throw new ClosedError('the snapshot')
    const { history, log } = this.#engine
    if (this.revision < history.oldest) throw new ExpiredError(this.revision, log.oldestStart)
  }
}
