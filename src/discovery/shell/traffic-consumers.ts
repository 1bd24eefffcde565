import type { TrafficConsumerSpec } from '../../api/index.js'
import { TrafficConsumer } from '../../api/index.js'
import type { Cancel } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Runnable } from '../../reconcile/index.js'
import type { Client } from '../../store/index.js'
import { listAndWatch } from '../../store/index.js'
import type { Registry } from '../registry/registry.js'
import type { RegistryConsumer } from '../registry/registry-consumers.js'

/** How consumers in other processes are waited for. */
export interface TrafficConsumersOptions {
  /** One without a report for this long is not waited for, and named in the report of a wait. Default 15 000. */
  readonly silentMs?: number
  /**
   * The object of one without a report for this long is deleted: its node does not come back. One that does writes it
   * again. Default an hour.
   */
  readonly removeAfterMs?: number
}

const KNOWN = /* @__PURE__ */ knownOptions<TrafficConsumersOptions>('createTrafficConsumers', {
  silentMs: true,
  removeAfterMs: true,
})

/**
 * Makes `registry.waitForConsumers` wait for other processes too: each `TrafficConsumer` object is a consumer named
 * `process/<name>`. Starting resolves when those that existed are known.
 *
 * One that gives no sign of life is set silent until it reports again. Its silence is measured by the time in which this
 * process ran: after a standstill of its own what has come meanwhile is read first. One that follows another of its name
 * begins with nothing acknowledged, and who waited for that one waits for it.
 *
 * @throws InvalidError for a time out of bounds
 */
export function createTrafficConsumers(registry: Registry, options: TrafficConsumersOptions = {}): Runnable {
  assertKnown(options, KNOWN)
  const { silentMs = 15_000, removeAfterMs = 3_600_000 } = options
  assertValid('traffic consumers', [
    ...wholeNumber('silentMs', silentMs, { min: 1 }),
    ...wholeNumber('removeAfterMs', removeAfterMs, { min: silentMs }),
  ])
  let stop: Cancel = () => {}
  return {
    name: 'traffic-consumers',
    start: client =>
      new Promise<void>(resolve => {
        const remote = new RemoteConsumers(registry, client, { silentMs, removeAfterMs })
        const stopWatch = listAndWatch(client, TrafficConsumer).on(({ events, initialEventsEnd }) => {
          for (const { object, after } of events)
            if (after === undefined) remote.remove(object.metadata.name)
            else remote.report(object.metadata.name, after.spec)
          if (initialEventsEnd === true) resolve()
        })
        const stopFollowing = registry.onChange(() => remote.advance())
        stop = () => {
          stopWatch()
          stopFollowing()
          remote.close()
        }
      }),
    stop: () => stop(),
  }
}

interface Remote {
  readonly consumer: RegistryConsumer
  /** Its last report, whose revision may be ahead of this registry. */
  spec: TrafficConsumerSpec
  /** The beat at which it came. */
  heardAt: number
  isSilent: boolean
}

/** Silence is measured in so many beats; one that comes late counts once. */
const BEATS = 30

class RemoteConsumers {
  readonly #registry: Registry
  readonly #client: Client
  readonly #options: Required<TrafficConsumersOptions>
  readonly #beatMs: number
  /** The one that was heard last is the last. */
  readonly #remotes = new Map<string, Remote>()
  /** Those whose report this registry has not reached. */
  readonly #ahead = new Set<Remote>()
  #beat = 0
  #cancelBeat: Cancel | undefined

  constructor(registry: Registry, client: Client, options: Required<TrafficConsumersOptions>) {
    this.#registry = registry
    this.#client = client
    this.#options = options
    this.#beatMs = Math.ceil(options.silentMs / BEATS)
  }

  report(name: string, spec: TrafficConsumerSpec): void {
    const known = this.#remotes.get(name)
    const { renewTime, holderIdentity } = spec
    const isSame = known?.spec.renewTime === renewTime && known.spec.holderIdentity === holderIdentity
    // Somebody may edit the object of a process that is dead.
    if (isSame && known.spec.acknowledgedRevision === spec.acknowledgedRevision) return
    const consumer = known?.consumer ?? this.#registry.consumer(`process/${name}`, { isRemote: true })
    // What a process has acknowledged says nothing of the one that follows it.
    if (known !== undefined && known.spec.holderIdentity !== holderIdentity) consumer.restart()
    const remote: Remote = { consumer, spec, heardAt: this.#beat, isSilent: false }
    if (known !== undefined) this.#ahead.delete(known)
    this.#moveToEnd(name, remote)
    this.#acknowledge(remote)
    consumer.setSilent(false)
    this.#cancelBeat ??= this.#client.env.clock.after(this.#beatMs, () => this.#nextBeat())
  }

  remove(name: string): void {
    const remote = this.#remotes.get(name)
    if (remote === undefined) return
    this.#remotes.delete(name)
    this.#ahead.delete(remote)
    remote.consumer.close()
  }

  /** The registry has reached what some have acknowledged before it. */
  advance(): void {
    for (const remote of this.#ahead) this.#acknowledge(remote)
  }

  close(): void {
    this.#cancelBeat?.()
    for (const name of [...this.#remotes.keys()]) this.remove(name)
  }

  #acknowledge(remote: Remote): void {
    const { acknowledgedRevision } = remote.spec
    const { revision } = this.#registry
    remote.consumer.ack(Math.min(acknowledgedRevision, revision))
    if (acknowledgedRevision > revision) this.#ahead.add(remote)
    else this.#ahead.delete(remote)
  }

  #moveToEnd(name: string, remote: Remote): void {
    this.#remotes.delete(name)
    this.#remotes.set(name, remote)
  }

  #nextBeat(): void {
    this.#beat++
    const { silentMs, removeAfterMs } = this.#options
    for (const [name, remote] of this.#remotes) {
      const ms = (this.#beat - remote.heardAt) * this.#beatMs
      if (ms <= silentMs) break
      if (!remote.isSilent) this.#silence(name, remote)
      if (ms > removeAfterMs) this.#delete(name, remote)
    }
    this.#cancelBeat =
      this.#remotes.size === 0
        ? undefined
        : this.#client.env.clock.after(this.#beatMs, () => this.#nextBeat())
  }

  #silence(name: string, remote: Remote): void {
    this.#client.env.logger.warn(
      { name, silentMs: this.#options.silentMs },
      'a process that sends traffic gives no sign of life: it is not waited for',
    )
    remote.isSilent = true
    remote.consumer.setSilent(true)
  }

  /** Deletes the object, unless it was written again meanwhile; what fails is tried again after the same time. */
  #delete(name: string, remote: Remote): void {
    const { logger } = this.#client.env
    remote.heardAt = this.#beat
    this.#moveToEnd(name, remote)
    this.#client
      .transact(tx => {
        const held = tx.get(TrafficConsumer, { name })
        if (held?.spec.renewTime === remote.spec.renewTime) tx.delete(TrafficConsumer, { name })
      })
      .catch((error: unknown) =>
        logger.warn({ error, name }, 'the object of a traffic consumer that is gone could not be deleted'),
      )
  }
}
