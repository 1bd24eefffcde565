import { ClosedError, type Env } from '../core/index.js'
import type { Engine } from './engine.js'
import { ExpiredError } from './errors.js'
import { forkEngine } from './fork.js'
import { countList, listPage } from './list-page.js'
import { pinnedView } from './list-view.js'
import type { Kind } from './kind.js'
import type { ObjectRef } from './object.js'
import { assertRef } from './object-name.js'
import { keptRevision } from './read-revision.js'
import { parseRevision } from './revision-input.js'
import type { ListOptions, Snapshot, Store } from './store.js'
import { objectAt } from './version.js'

/**
 * Pins a revision; taking it copies nothing. `open` makes the store of a fork.
 *
 * @throws ExpiredError, FutureRevisionError
 */
export function takeSnapshot(
  engine: Engine,
  asked: number | string | undefined,
  open: (fork: Engine) => Store,
): Snapshot {
  engine.assertOpen()
  const { history } = engine
  const revision =
    asked === undefined ? engine.revision : keptRevision(engine.log, parseRevision('revision', asked))
  const view = pinnedView(engine, revision)
  let closed = false
  history.pin(revision)
  const close = (): void => {
    if (closed) return
    closed = true
    history.release(revision)
    engine.compactor.cutFree()
  }
  const assertReadable = (): void => {
    if (closed) throw new ClosedError('the snapshot')
    if (revision < history.oldest) throw new ExpiredError(revision, engine.log.oldestStart)
  }
  const snapshot: { [Member in keyof Snapshot]: unknown } = {
    revision,
    get: (kind: Kind, ref: ObjectRef) => {
      assertReadable()
      const table = engine.table(kind)
      assertRef(table.kind, ref)
      const entry = table.find(ref.namespace, ref.name)
      return entry === undefined ? undefined : objectAt(entry, revision)
    },
    list: (kind: Kind, options: ListOptions = {}) => {
      assertReadable()
      return listPage(view, engine.table(kind), options)
    },
    count: (kind: Kind, options: ListOptions = {}) => {
      assertReadable()
      return countList(view, engine.table(kind), options)
    },
    hash: () => {
      assertReadable()
      return engine.hashes.at(revision)
    },
    fork: (env: Env = engine.env) => {
      assertReadable()
      return open(forkEngine(engine, revision, env))
    },
    close,
    [Symbol.dispose]: close,
  }
  return snapshot as Snapshot
}
