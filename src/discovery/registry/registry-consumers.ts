import type { Clock } from '../../core/index.js'
import { InvalidError, UsageError } from '../../core/index.js'

/** How long to wait. */
export interface WaitOptions {
  readonly clock: Clock
  /** ≥ 0. */
  readonly timeoutMs: number
}

/** A part that acts on the registry and acknowledges the revisions that it has acted on. */
export interface RegistryConsumer {
  readonly name: string
  /** The last revision acknowledged; 0 at first. */
  readonly acknowledged: number
  /**
   * Says that nothing from before this revision is in use any more for new work. Lower revisions are ignored.
   *
   * @throws InvalidError for a revision that the registry has not reached
   */
  ack(revision: number): void
  /** Stops counting. Idempotent. */
  close(): void
}

/** How waiting for consumers ended. */
export type ConsumerReport =
  | { readonly kind: 'acknowledged'; readonly revision: number }
  /** `waiting` names who has not acknowledged; `registryRevision` tells whether the registry itself was behind. */
  | {
      readonly kind: 'timed-out'
      readonly revision: number
      readonly registryRevision: number
      readonly waiting: readonly string[]
    }

const limits = { consumers: 1000, waiters: 10_000 } as const

/** The book of consumers of one registry. */
export interface Consumers {
  open(name: string): RegistryConsumer
  wait(revision: number, options: WaitOptions): Promise<ConsumerReport>
  /** The registry has a new revision. */
  advanced(): void
}

interface Waiter {
  readonly revision: number
  readonly done: () => void
}

export function createConsumers(registryRevision: () => number): Consumers {
  const acknowledged = new Map<string, number>()
  const waiters = new Set<Waiter>()
  const behind = (revision: number): readonly string[] =>
    [...acknowledged]
      .filter(([, at]) => at < revision)
      .map(([name]) => name)
      .sort()
  const reached = (revision: number): boolean =>
    registryRevision() >= revision && behind(revision).length === 0
  const advanced = (): void => {
    for (const waiter of [...waiters]) if (reached(waiter.revision)) waiter.done()
  }
  const open = (name: string): RegistryConsumer => {
    if (acknowledged.has(name))
      throw new UsageError(
        `a registry consumer named "${name}" exists already; close it or choose another name`,
      )
    if (acknowledged.size >= limits.consumers)
      throw new UsageError(`a registry has at most ${limits.consumers} consumers; close some`)
    acknowledged.set(name, 0)
    let closed = false
    let own = 0
    return {
      name,
      get acknowledged() {
        return own
      },
      ack: revision => {
        if (revision > registryRevision()) throw tooNew(name, revision, registryRevision())
        if (closed || revision <= own) return
        own = revision
        acknowledged.set(name, revision)
        advanced()
      },
      close: () => {
        if (closed) return
        closed = true
        acknowledged.delete(name)
        advanced()
      },
    }
  }
  const wait = (revision: number, { clock, timeoutMs }: WaitOptions): Promise<ConsumerReport> =>
    new Promise((resolve, reject) => {
      if (reached(revision)) return resolve({ kind: 'acknowledged', revision })
      if (waiters.size >= limits.waiters)
        return reject(new UsageError(`a registry has at most ${limits.waiters} waiters`))
      const cancel = clock.after(timeoutMs, () => {
        waiters.delete(waiter)
        resolve({
          kind: 'timed-out',
          revision,
          registryRevision: registryRevision(),
          waiting: behind(revision),
        })
      })
      const waiter: Waiter = {
        revision,
        done: () => {
          waiters.delete(waiter)
          cancel()
          resolve({ kind: 'acknowledged', revision })
        },
      }
      waiters.add(waiter)
    })
  return { open, wait, advanced }
}

function tooNew(name: string, revision: number, reached: number): InvalidError {
  const message = `must not be above the registry's revision, ${reached}: only what was seen can be acknowledged`
  return new InvalidError(`acknowledgement of ${name}`, [{ field: 'revision', value: revision, message }])
}
