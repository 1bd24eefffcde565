import { isKeelsonError } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import type { ElectionLease } from './election-lease.js'
import type { ElectionSettings } from './election-options.js'
import { released } from './lease-writes.js'

/** Calls of the store that a candidate waits for, `renewDeadlineMs` at most. */
export class LeaseCalls {
  readonly #client: Client
  readonly #settings: ElectionSettings

  constructor(client: Client, settings: ElectionSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** Others would take it anyway when it lapses, so a failure only costs them time. */
  async leave(mine: ElectionLease | undefined, heir: string | undefined): Promise<void> {
    const { kind, lease: ref } = this.#settings
    let held = mine
    for (let tries = 0; tries < 3 && held !== undefined; tries += 1) {
      try {
        await this.bounded(this.#client.update(kind, released(held, heir, this.#client.env.clock.now())))
        return
      } catch (error) {
        const present = isRace(error) ? this.#client.get(kind, ref) : undefined
        if (present === undefined || !isSameReign(present, held)) {
          this.#client.env.logger.debug({ err: error, ...ref }, 'the lease was not released')
          return
        }
        held = present
      }
    }
  }

  /** A call that never ends must not end the campaign. */
  bounded<T>(call: Promise<T>): Promise<T> {
    const { renewDeadlineMs } = this.#settings
    return new Promise((resolve, reject) => {
      const cancel = this.#client.env.clock.after(renewDeadlineMs, () =>
        reject(new Error(`the store did not answer within ${renewDeadlineMs} ms`)),
      )
      call.then(resolve, reject).finally(cancel)
    })
  }
}

/** Another was first, or the object came or went meanwhile. */
export function isRace(error: unknown): boolean {
  return isKeelsonError(error, 'Conflict', 'AlreadyExists', 'NotFound')
}

export function ignoreRace(error: unknown): void {
  if (!isRace(error)) throw error
}

export function isSameReign({ spec }: ElectionLease, held: ElectionLease): boolean {
  const { holderIdentity, acquireTime, leaseTransitions } = held.spec
  return (
    spec.holderIdentity === holderIdentity &&
    spec.acquireTime === acquireTime &&
    spec.leaseTransitions === leaseTransitions
  )
}
