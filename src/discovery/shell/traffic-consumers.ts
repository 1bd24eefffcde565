import type { TrafficConsumerSpec } from '../../api/index.js'
import { TrafficConsumer } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Runnable } from '../../reconcile/index.js'
import { listAndWatch } from '../../store/index.js'
import type { Registry } from '../registry/registry.js'
import type { RegistryConsumer } from '../registry/registry-consumers.js'

/** How consumers in other processes are waited for. */
export interface TrafficConsumersOptions {
  /** One without a report for this long is not waited for, and named in the report of a wait. Default 15 000. */
  readonly silentMs?: number
}

const KNOWN = /* @__PURE__ */ knownOptions<TrafficConsumersOptions>('createTrafficConsumers', {
  silentMs: true,
})

/**
 * Makes `registry.waitForConsumers` wait for other processes too: each `TrafficConsumer` object is a consumer named
 * `process/<name>`. Starting resolves when those that existed are known. One that gives no sign of life, by the clock of
 * this process, is set silent until it reports again.
 *
 * @throws InvalidError for a time out of bounds
 */
export function createTrafficConsumers(registry: Registry, options: TrafficConsumersOptions = {}): Runnable {
  assertKnown(options, KNOWN)
  const { silentMs = 15_000 } = options
  assertValid('traffic consumers', wholeNumber('silentMs', silentMs, { min: 1 }))
  let stop: Cancel = () => {}
  return {
    name: 'traffic-consumers',
    start: client =>
      new Promise<void>(resolve => {
        const remote = new RemoteConsumers(registry, client.env, silentMs)
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
  readonly holder: string
  readonly consumer: RegistryConsumer
  /** What it reported; it may be ahead of this registry. */
  reported: number
  cancelSilence: Cancel
}

class RemoteConsumers {
  readonly #registry: Registry
  readonly #env: Env
  readonly #silentMs: number
  readonly #remotes = new Map<string, Remote>()

  constructor(registry: Registry, env: Env, silentMs: number) {
    this.#registry = registry
    this.#env = env
    this.#silentMs = silentMs
  }

  report(name: string, { holderIdentity, acknowledgedRevision }: TrafficConsumerSpec): void {
    // What a process has acknowledged says nothing of the one that follows it.
    if (this.#remotes.get(name)?.holder !== holderIdentity) this.remove(name)
    const remote = this.#remotes.get(name) ?? {
      holder: holderIdentity,
      consumer: this.#registry.consumer(`process/${name}`, { isRemote: true }),
      reported: 0,
      cancelSilence: () => {},
    }
    this.#remotes.set(name, remote)
    remote.reported = Math.max(remote.reported, acknowledgedRevision)
    remote.cancelSilence()
    remote.cancelSilence = this.#env.clock.after(this.#silentMs, () => this.#silence(name, remote))
    this.#acknowledge(remote)
    remote.consumer.setSilent(false)
  }

  remove(name: string): void {
    const remote = this.#remotes.get(name)
    remote?.cancelSilence()
    remote?.consumer.close()
    this.#remotes.delete(name)
  }

  /** The registry has reached what some have acknowledged before it. */
  advance(): void {
    for (const remote of this.#remotes.values()) this.#acknowledge(remote)
  }

  close(): void {
    for (const name of [...this.#remotes.keys()]) this.remove(name)
  }

  #acknowledge({ consumer, reported }: Remote): void {
    consumer.ack(Math.min(reported, this.#registry.revision))
  }

  #silence(name: string, { consumer }: Remote): void {
    this.#env.logger.warn(
      { name, silentMs: this.#silentMs },
      'a process that sends traffic gives no sign of life: it is not waited for',
    )
    consumer.setSilent(true)
  }
}
