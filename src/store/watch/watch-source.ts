import { UsageError } from '../../core/index.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { RevisionLog, WatchLog } from '../engine/revision-log.js'
import type { WatchRegistry } from '../engine/watch-registry.js'
import type { WatchOptions } from './watch.js'

/** What a watcher reads from. */
export interface WatchSource extends Pick<Engine, 'pressure' | 'alarms'> {
  readonly log: WatchLog
  /** Where its records are: what is committed takes their room, whether it may be told yet or not. */
  readonly committed: Pick<RevisionLog, 'head' | 'roomBehind'>
  /** At which revision the initial events are listed. Undefined: the newest. */
  readonly asOf?: number
  /** Who wakes it. */
  readonly watchersOf: (table: KindTable) => WatchRegistry
}

/** @throws UsageError for a visibility that there is not, or that this store cannot give */
export function watchSource(engine: Engine, { visibility = 'committed' }: WatchOptions): WatchSource {
  const { log, pressure, alarms, journal } = engine
  if (visibility !== 'committed' && visibility !== 'durable')
    throw new UsageError(`visibility must be committed or durable, not ${String(visibility)}`, { visibility })
  if (visibility === 'committed' || journal === undefined)
    return { log, committed: log, pressure, alarms, watchersOf: watchersOfCommitted }
  const { durable } = journal
  if (durable === undefined)
    throw new UsageError(
      'a store with fsync never does not know what is durable; open it with fsync always or interval, or watch what is committed',
      { visibility },
    )
  return {
    log: durable,
    committed: log,
    pressure,
    alarms,
    asOf: durable.head,
    watchersOf: watchersOfDurable,
  }
}

const watchersOfCommitted = (table: KindTable): WatchRegistry => table.watchers
const watchersOfDurable = (table: KindTable): WatchRegistry => table.durableWatchers
