import { TrafficConsumer } from '../../api/index.js'
import type { Cancel } from '../../core/index.js'
import { formatTime, UsageError } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Runnable } from '../../reconcile/index.js'
import type { Client } from '../../store/index.js'
import type { Registry } from '../registry/registry.js'

/** How a process tells others what it has acknowledged. */
export interface TrafficReporterOptions {
  /** Name of its `TrafficConsumer` object: one per process, the same after a restart, such as the node's name. */
  readonly name: string
  /** No two reports are closer together. Default 100. */
  readonly intervalMs?: number
  /** A report comes this often even when nothing changed; others give one up after 15 s of silence. Default 5000. */
  readonly heartbeatMs?: number
}

const KNOWN = /* @__PURE__ */ knownOptions<TrafficReporterOptions>('createTrafficReporter', {
  name: true,
  intervalMs: true,
  heartbeatMs: true,
})

/**
 * Tells other processes how far this one is: its `TrafficConsumer` object holds the revision that the registry and all
 * consumers of it have acknowledged. Start it before the first proxy takes connections, since only what has a report is
 * waited for; feed the registry with `progressMs`, so that a quiet one does not hold up others.
 *
 * A report that fails is logged and tried again. Stopping removes the object: nothing waits for a process that left. When
 * another process reports under the name, this one fails, so that a configuration that is used twice is seen.
 *
 * @throws InvalidError for an option out of bounds
 */
export function createTrafficReporter(registry: Registry, options: TrafficReporterOptions): Runnable {
  assertKnown(options, KNOWN)
  const { name, intervalMs = 100, heartbeatMs = 5000 } = options
  assertValid('traffic reporter', [
    ...(typeof name === 'string' && name !== ''
      ? []
      : [{ field: 'name', value: name, message: 'must name this process' }]),
    ...wholeNumber('intervalMs', intervalMs, { min: 1 }),
    ...wholeNumber('heartbeatMs', heartbeatMs, { min: intervalMs }),
  ])
  let reports: Reports | undefined
  return {
    name: `traffic-reporter-${name}`,
    start: async (client, failed) => {
      reports = new Reports(registry, client, { name, intervalMs, heartbeatMs }, failed)
      await reports.start()
    },
    stop: async () => reports?.stop(),
  }
}

class Reports {
  readonly #registry: Registry
  readonly #client: Client
  readonly #options: Required<TrafficReporterOptions>
  readonly #failed: (error: unknown) => void
  readonly #holder: string
  #stopListening: Cancel = () => {}
  #cancelTimer: Cancel = () => {}
  #writing: Promise<void> | undefined
  #writtenAtMs = 0
  #written = 0
  #isStopped = false

  constructor(
    registry: Registry,
    client: Client,
    options: Required<TrafficReporterOptions>,
    failed: (error: unknown) => void,
  ) {
    this.#registry = registry
    this.#client = client
    this.#options = options
    this.#failed = failed
    this.#holder = client.env.ids.next('traffic-reporter')
  }

  /** The first report takes over what an earlier process of this name has left. */
  async start(): Promise<void> {
    await this.#write(true)
    if (this.#isStopped) return
    this.#stopListening = this.#registry.onAcknowledged(() => this.#plan())
    this.#plan()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#stopListening()
    this.#cancelTimer()
    await this.#writing?.catch(() => {})
    await this.#client.transact(tx => {
      const held = tx.get(TrafficConsumer, { name: this.#options.name })
      if (held?.spec.holderIdentity === this.#holder) tx.delete(TrafficConsumer, { name: this.#options.name })
    })
  }

  /** Arms the timer for the next report: soon when there is news, else at the next heartbeat. */
  #plan(): void {
    if (this.#isStopped || this.#writing !== undefined) return
    const { intervalMs, heartbeatMs } = this.#options
    const { clock } = this.#client.env
    const isNews = this.#registry.acknowledgedRevision() > this.#written
    const dueMs = this.#writtenAtMs + (isNews ? intervalMs : heartbeatMs) - clock.monotonic()
    this.#cancelTimer()
    this.#cancelTimer = clock.after(Math.max(0, dueMs), () => void this.#report())
  }

  async #report(): Promise<void> {
    this.#writing = this.#write(false)
    try {
      await this.#writing
    } catch (error) {
      const isTaken = error instanceof UsageError
      if (isTaken) this.#isStopped = true
      if (isTaken) this.#stopListening()
      if (isTaken) this.#failed(error)
      else this.#client.env.logger.warn({ error, name: this.#options.name }, 'a traffic report failed')
    }
    this.#writing = undefined
    this.#plan()
  }

  async #write(isFirst: boolean): Promise<void> {
    const { name } = this.#options
    const { clock } = this.#client.env
    const acknowledgedRevision = this.#registry.acknowledgedRevision()
    this.#writtenAtMs = clock.monotonic()
    const spec = { holderIdentity: this.#holder, acknowledgedRevision, renewTime: formatTime(clock.now()) }
    await this.#client.transact(tx => {
      const held = tx.get(TrafficConsumer, { name })
      if (held === undefined) tx.create(TrafficConsumer, { metadata: { name }, spec })
      else if (isFirst || held.spec.holderIdentity === this.#holder)
        tx.modify(TrafficConsumer, { name }, draft => void Object.assign(draft.spec, spec))
      else throw takenOver(name)
    })
    this.#written = acknowledgedRevision
  }
}

function takenOver(name: string): UsageError {
  return new UsageError(
    `another process reports as traffic consumer "${name}"; give each process a name of its own, such as its node's`,
    { name },
  )
}
