import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Store } from '../client/client.js'
import type { StoreParts } from '../client/store-parts.js'
import type { LogRecord } from '../engine/revision-log.js'
import type { ObjectId, StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { ExpiredError, FutureRevisionError } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import { startRevision } from '../watch/resume-token.js'
import { shownObject } from './shown-object.js'

/** Which part of the log is told. */
export interface TailOptions {
  /** The revisions after this one. Default: all that the log has. */
  readonly since?: number | string
  /** True: goes on with what is written later, until it is left or the store ends. Default false. */
  readonly follow?: boolean
  /** As for a watch; `durable` tells of what is on the disk. Only with `follow`. Default `committed`. */
  readonly visibility?: 'committed' | 'durable'
  readonly signal?: AbortSignal
  /** True: kinds that are secret are shown too. Default false. */
  readonly secrets?: boolean
}

/** One revision: what it did, who did it and why. */
export interface StoreRevision extends WriteCause {
  readonly revision: number
  readonly changes: readonly RevisionChange[]
}

/** What a revision did to one object. */
export interface RevisionChange extends ObjectId {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** From then on; of one that was deleted its last state. */
  readonly object: StoredObject
}

const TAIL_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<TailOptions>('tail', {
  since: true,
  follow: true,
  visibility: true,
  signal: true,
  secrets: true,
})

/** Whole revisions, each once and in order. Who reads too slowly ends as a watch does, with `SlowConsumerError`. */
export function tailLog(store: Store, parts: StoreParts, options: TailOptions): AsyncIterable<StoreRevision> {
  assertKnown(options, TAIL_OPTIONS)
  const { log, tables } = parts.engine
  const since = options.since === undefined ? log.oldestStart : startRevision(parts.engine, options.since)
  if (since > log.head) throw new FutureRevisionError(since, log.head)
  if (since < log.oldestStart) throw new ExpiredError(since, log.oldestStart)
  const { follow = false, secrets = false, visibility, signal } = options
  if (!follow || tables.all.length === 0) return past(parts, since, secrets)
  const kinds = tables.all.map(({ kind }) => kind)
  const watch = store.watch(kinds, {
    since,
    ...(visibility === undefined ? {} : { visibility }),
    ...(signal === undefined ? {} : { signal }),
  })
  return followed(parts, watch, secrets)
}

async function* past({ engine }: StoreParts, since: number, secrets: boolean): AsyncIterable<StoreRevision> {
  const { head } = engine.log
  for (let record = engine.log.after(since); record !== undefined && record.revision <= head; ) {
    yield revisionOf(record, secrets)
    const { revision } = record
    if (revision < engine.log.oldestStart) throw new ExpiredError(revision, engine.log.oldestStart)
    record = engine.log.after(revision)
  }
}

async function* followed(
  { engine }: StoreParts,
  watch: AsyncIterable<{ readonly revision: number }>,
  secrets: boolean,
): AsyncIterable<StoreRevision> {
  for await (const { revision } of watch) {
    const record = engine.log.get(revision)
    if (record === undefined) throw new ExpiredError(revision, engine.log.oldestStart)
    yield revisionOf(record, secrets)
  }
}

function revisionOf({ revision, changes, cause }: LogRecord, secrets: boolean): StoreRevision {
  return {
    revision,
    ...cause,
    changes: changes.flatMap(({ entry, before, after }) => {
      const object = after ?? before
      if (object === undefined) return []
      const type = after === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED'
      return [{ ...idOf(object), type, object: shownObject(entry.space.table, object, secrets) } as const]
    }),
  }
}
