import type { Env } from '../../core/index.js'
import type { Channel } from '../engine/channel.js'
import type { WatchBatch } from '../engine/watch-batch.js'
import type { StoredObject } from '../object/object.js'
import type { SlowConsumerPolicy } from './watch.js'
import type { WatchFilter } from './watch-filter.js'
import type { WatchSource } from './watch-source.js'

/** Where a watcher begins. It lets go of what it has told. */
export interface WatcherStart {
  /** The revision after which it starts. */
  readonly since: number
  /** Revisions between `since` and now that may match, ascending; the channels have the later ones. */
  readonly backlog: readonly number[]
  /** Comes before everything else. */
  readonly initial: WatchBatch<StoredObject> | undefined
}

/** What a watcher is made from, and keeps. */
export interface WatcherOptions {
  readonly engine: WatchSource
  readonly env: Env
  /** Whose writes it never holds back; undefined: nobody's. */
  readonly owner: Env | undefined
  readonly filter: WatchFilter
  /** One for each part of the filter. */
  readonly channels: readonly Channel[]
  readonly slowConsumer: SlowConsumerPolicy
  readonly bufferLimit: number
  readonly bookmarks: boolean
  readonly signal: AbortSignal | undefined
  /** Called once at the end: nobody needs the channels for it any more. */
  readonly released: () => void
}
