import type { Env, Logger } from '../../core/index.js'
import type { StoredObject } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { EventRecorder } from '../events/event-recorder.js'
import type { HotLoop } from './hot-loop.js'

/** Where a loop is told. */
export interface LoopReaders {
  /** Of the controller. */
  readonly name: string
  readonly env: Env
  readonly logger: Logger
  readonly recorder: EventRecorder | undefined
  /** That of the key. */
  readonly object: StoredObject | undefined
}

const says: Readonly<Record<HotLoop['kind'], string>> = {
  ownWrites: 'only its own writes wake it; it runs later and later until something else changes',
  unbounded: 'only its own writes wake it, each time with news; it runs at most ten times a second',
  contested: 'another writer undoes what it writes, again and again',
}

/** Tells the log, the metrics and, if there are any, the readers of events. */
export function reportHotLoop(loop: HotLoop, { name, env, logger, recorder, object }: LoopReaders): void {
  const { key, kind, runs, object: written, changes } = loop
  logger.warn({ key: refText(key), loop: kind, runs, object: written, changes }, says[kind])
  env.metrics.counter('controller_hot_loops_total').add(1, { controller: name, loop: kind })
  if (object === undefined || recorder === undefined) return
  const paths = changes.map(({ path }) => path || 'all of it').join(', ')
  const note = `${says[kind]}; it writes ${written.kind} ${refText(written)}: ${paths}`
  recorder.record({ regarding: object, type: 'Warning', reason: 'HotLoop', note })
}
