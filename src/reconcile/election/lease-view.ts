import type { Client, Watch } from '../../store/index.js'
import type { Observation } from './candidacy.js'
import { observe } from './candidacy.js'
import type { ElectionLease } from './election-lease.js'
import { readRecord } from './election-lease.js'
import type { ElectionSettings } from './election-options.js'

/** What a candidate sees of the lease. */
export class LeaseView {
  readonly #client: Client
  readonly #settings: ElectionSettings
  readonly #changed: (isDeleted: boolean) => void
  #watch: Watch<ElectionLease> | undefined
  #told: ElectionLease | undefined
  #seen: Observation | undefined
  #holder: string | undefined

  /** @param changed called after each change that the watch tells */
  constructor(client: Client, settings: ElectionSettings, changed: (isDeleted: boolean) => void) {
    this.#client = client
    this.#settings = settings
    this.#changed = changed
  }

  /** The newest lease told by the watch, and of a deletion the last state. */
  get told(): ElectionLease | undefined {
    return this.#told
  }
  /** When the lease was last seen to change. */
  get seen(): Observation | undefined {
    return this.#seen
  }
  /** Who held it then. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** Watches the lease unless it does already; a watch that ended is opened again. */
  open(): void {
    if (this.#watch !== undefined) return
    const { kind, lease } = this.#settings
    const watch = this.#client.watch(kind, lease)
    this.#watch = watch
    watch.on(
      ({ events }) => {
        const last = events.at(-1)
        for (const { type, object } of events) if (type !== 'DELETED') this.look(object)
        this.#told = last?.object
        this.#changed(last?.type === 'DELETED')
      },
      () => {
        this.#watch = undefined
      },
    )
  }

  close(): void {
    this.#watch?.close()
  }

  /** This is how the lease is now. */
  look(lease: ElectionLease): void {
    const record = readRecord(lease, this.#settings.leaseDurationMs)
    this.#holder = record.holder?.identity
    this.#seen = observe(this.#seen, record, this.#client.env.clock.monotonic())
  }
}
