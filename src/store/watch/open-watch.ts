import type { Env } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import { assertKnown } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import type { WatchBatch } from '../engine/watch-batch.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { assertWhole, ExpiredError, FutureRevisionError } from '../object/store-errors.js'
import { listObjects } from '../read/list.js'
import { WATCH_OPTIONS } from './known-watch-options.js'
import { startRevision } from './resume-token.js'
import type { Watch, WatchOptions } from './watch.js'
import { initialEvent } from './watch-event.js'
import type { WatchFilter } from './watch-filter.js'
import { filterFor, filtersOf, placeOf } from './watch-filter.js'
import type { WatchSource } from './watch-source.js'
import { watchSource } from './watch-source.js'
import { Watcher } from './watcher.js'

/** `bufferLimit` of watchers that coalesce or block, unless told otherwise. */
const BUFFER_LIMIT_DEFAULT = 1_000

/** Who opens a watch. */
export interface WatchSite {
  readonly engine: Engine
  /** Deliveries are steps of it. */
  readonly env: Env
  /** Whose writes the watch never holds back; undefined: nobody's. */
  readonly owner: Env | undefined
}

/** Starts a watcher. */
export function openWatch(
  site: WatchSite,
  kinds: Kind | readonly Kind[],
  options: WatchOptions,
): Watch<StoredObject> {
  assertKnown(options, WATCH_OPTIONS)
  const { sendInitialEvents = false, slowConsumer = 'close', bookmarks = false, signal } = options
  signal?.throwIfAborted()
  if (sendInitialEvents && options.since !== undefined) {
    throw new UsageError(
      'a watch starts from the current objects or after a revision; give sendInitialEvents or since',
    )
  }
  const { engine, env, owner } = site
  const source = watchSource(engine, options)
  const { log } = source
  const tables = (isList(kinds) ? kinds : [kinds]).map(kind => engine.table(kind))
  const filter = filtersOf(tables, options)
  const bufferLimit = bufferLimitOf(options, log.capacity)
  const since = options.since === undefined ? log.head : startRevision(engine, options.since)
  if (since > log.head) throw new FutureRevisionError(since, log.head)
  if (since < log.oldestStart) throw new ExpiredError(since, log.oldestStart)
  // A selector may throw; nothing is open yet.
  const initial = sendInitialEvents ? initialBatch(source, filter) : undefined
  const places = filter.map(one => ({ watchers: source.watchersOf(one.table), place: placeOf(one) }))
  const channels = places.map(({ watchers, place }) => watchers.open(place))
  const released = (): void => {
    places.forEach(({ watchers, place }, index) => {
      const channel = channels[index]
      if (channel !== undefined) watchers.release(place, channel)
    })
  }
  return new Watcher(
    { engine: source, env, owner, filter, channels, slowConsumer, bufferLimit, bookmarks, signal, released },
    { since, backlog: backlogOf(source, filter, since), initial },
  )
}

/** The log answers for no more than it keeps, so a greater limit is that of the log. */
function bufferLimitOf({ bufferLimit, slowConsumer = 'close' }: WatchOptions, capacity: number): number {
  if (!['close', 'coalesce', 'block'].includes(slowConsumer)) {
    const message = `slowConsumer must be close, coalesce or block, not ${String(slowConsumer)}`
    throw new UsageError(message, { slowConsumer })
  }
  if (bufferLimit === undefined) {
    return slowConsumer === 'close' ? Number.POSITIVE_INFINITY : Math.min(BUFFER_LIMIT_DEFAULT, capacity)
  }
  assertWhole('bufferLimit', bufferLimit)
  return Math.min(bufferLimit, capacity)
}

const NONE: readonly number[] = []

/** Revisions after `since` that touched the scope. */
function backlogOf({ log }: WatchSource, filter: WatchFilter, since: number): readonly number[] {
  if (since === log.head) return NONE
  const revisions: number[] = []
  for (let record = log.after(since); record !== undefined; record = log.after(record.revision)) {
    const touches = record.changes.some(change => filterFor(filter, change) !== undefined)
    if (touches) revisions.push(record.revision)
  }
  return revisions
}

function initialBatch({ log, asOf }: WatchSource, filter: WatchFilter): WatchBatch<StoredObject> {
  const events = filter.flatMap(one => listObjects(one.table, one, { revision: asOf }).map(initialEvent))
  return Object.freeze({ revision: log.head, events: Object.freeze(events), initialEventsEnd: true })
}

function isList(kinds: Kind | readonly Kind[]): kinds is readonly Kind[] {
  return Array.isArray(kinds)
}
