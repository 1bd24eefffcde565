import { type Env, UsageError } from '../core/index.js'
import type { Engine } from './engine.js'
import { ExpiredError, FutureRevisionError } from './errors.js'
import type { Kind } from './kind.js'
import { listObjects } from './list.js'
import type { StoredObject } from './object.js'
import { compileLabels, type Query } from './query.js'
import { parseRevision } from './revision-input.js'
import { type WatchFilter, isInScope } from './watch-events.js'
import { Watcher } from './watcher.js'
import type { Watch, WatchBatch, WatchOptions } from './watch.js'

/** Starts a watcher on the engine whose deliveries are steps of `env`. */
export function openWatch(engine: Engine, env: Env, kind: Kind, options: WatchOptions): Watch<StoredObject> {
  const { sendInitialEvents = false, signal } = options
  signal?.throwIfAborted()
  if (sendInitialEvents && options.since !== undefined) {
    throw new UsageError(
      'a watch starts from the current objects or after a revision; give sendInitialEvents or since',
    )
  }
  const { log } = engine
  const filter = filterOf(engine, kind, options)
  const { watchers } = filter.table
  const since = options.since === undefined ? log.head : parseRevision('since', options.since)
  if (since > log.head) throw new FutureRevisionError(since, log.head)
  if (since < log.oldestStart) throw new ExpiredError(since, log.oldestStart)
  const scope = { namespace: filter.namespace, name: filter.name }
  const channel = watchers.open(scope)
  return new Watcher({
    env,
    log,
    filter,
    channel,
    since,
    backlog: backlogOf(engine, filter, since),
    initial: sendInitialEvents ? initialBatch(engine, filter) : undefined,
    signal,
    released: () => watchers.release(scope, channel),
  })
}

function filterOf(engine: Engine, kind: Kind, options: WatchOptions): WatchFilter {
  const table = engine.table(kind)
  const labels = options.labelSelector === undefined ? undefined : compileLabels(options.labelSelector)
  return {
    table,
    namespace: table.kind.namespaced ? options.namespace : '',
    name: options.name,
    matches:
      labels === undefined || labels.empty ? undefined : object => labels.matches(object.metadata.labels),
  }
}

/** Revisions after `since` that touched the scope. */
function backlogOf({ log }: Engine, filter: WatchFilter, since: number): readonly number[] {
  const revisions: number[] = []
  for (let revision = since + 1; revision <= log.head; revision++) {
    if (log.get(revision)?.changes.some(change => isInScope(change, filter)) === true)
      revisions.push(revision)
  }
  return revisions
}

function initialBatch({ log }: Engine, filter: WatchFilter): WatchBatch<StoredObject> {
  const { table, namespace, name, matches } = filter
  const query: Query = {
    namespace: table.kind.namespaced ? namespace : undefined,
    name,
    labelTerms: [],
    indexTerm: undefined,
    matches,
  }
  const events = listObjects(table, query).map(object => Object.freeze({ type: 'ADDED' as const, object }))
  return Object.freeze({ revision: log.head, events: Object.freeze(events), initialEventsEnd: true })
}
