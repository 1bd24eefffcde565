import type { Env, Logger } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { Client, Kind, StoredObject, WatchBatch } from '../../store/index.js'
import { kindId } from '../object-key.js'
import { isPermanent } from '../permanent-error.js'
import type { SourceChange } from './event-mapping.js'
import { storeSource } from './object-source.js'
import type { Reopening, SupervisedStream } from './supervised-stream.js'
import { superviseStream } from './supervised-stream.js'

/** Where kinds are watched, and who hears of it. */
export interface KindWatchesOptions {
  /** Of the controller, for the log. */
  readonly name: string
  readonly client: Client
  readonly env: Env
  readonly logger: Logger
  readonly changed: (change: SourceChange, revision: number) => void
  /** What changed of the kind with this id up to now may not have been told. */
  readonly lost: (id: string) => void
  /** A batch was told. */
  readonly progressed: () => void
}

interface Open {
  readonly stream: SupervisedStream
  /** Everything up to here was told. */
  toldRevision: number
  /** What the watch says of itself; it knows of revisions that are not about its kind. */
  source: { readonly revision?: number } | undefined
}

/** One watch for each kind that is needed at the moment, from the revision at which it was needed first. */
export class KindWatches {
  readonly #options: KindWatchesOptions
  readonly #open = new Map<string, Open>()

  constructor(options: KindWatchesOptions) {
    this.#options = options
  }

  /** Watches `kind` from now on, unless it is watched. */
  need(kind: Kind): void {
    const id = kindId(kind)
    if (this.#open.has(id)) return
    const { name, client, env, logger } = this.#options
    const source = storeSource(client, [kind])
    const stream = superviseStream<WatchBatch<StoredObject>>({
      env,
      logger,
      name: `${name}, ${kind.kind}`,
      open: () => {
        const opened = source.open(open.toldRevision)
        open.source = opened
        return opened
      },
      next: batch => this.#tell(open, batch),
      ended: error => this.#ended(id, open, error),
    })
    const open: Open = { stream, toldRevision: client.revision, source: undefined }
    this.#open.set(id, open)
    stream.start()
  }

  /** Ends the watches of all kinds but those that are needed. */
  keep(isNeeded: (id: string) => boolean): void {
    for (const [id, { stream }] of this.#open) {
      if (isNeeded(id)) continue
      stream.stop()
      this.#open.delete(id)
    }
  }

  /** True when everything up to `revision` was told. */
  hasReached(revision: number): boolean {
    for (const { toldRevision, source } of this.#open.values())
      if (Math.max(toldRevision, source?.revision ?? 0) < revision) return false
    return true
  }

  #tell(open: Open, { revision, events }: WatchBatch<StoredObject>): void {
    for (const { type, object, before } of events) {
      const isGone = type === 'DELETED'
      this.#options.changed(
        { before: before ?? (isGone ? object : undefined), after: isGone ? undefined : object },
        revision,
      )
    }
    open.toldRevision = Math.max(open.toldRevision, revision)
    this.#options.progressed()
  }

  #ended(id: string, open: Open, error: unknown): Reopening {
    open.source = undefined
    if (isKeelsonError(error, 'Closed') || isPermanent(error)) return 'never'
    if (!isKeelsonError(error, 'Expired', 'FutureRevision', 'SlowConsumer')) return 'later'
    open.toldRevision = this.#options.client.revision
    this.#options.lost(id)
    return 'now'
  }
}
