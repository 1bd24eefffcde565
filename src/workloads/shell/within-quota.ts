import type { KeelsonError } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { Client, Transaction } from '../../store/index.js'

/** Between two tries of what a quota, or whoever may forbid it, has refused: what makes room tells no loop. */
const REFUSED_RETRY_MS = 10_000

/** An object, or why it is refused. */
export type Made<T> =
  | { readonly object: T; readonly refused?: undefined }
  | { readonly object?: undefined; readonly refused: KeelsonError }

/** The objects that one pass makes; at most as many as a quota has room for. */
export class Making {
  #count = 0
  readonly #max: number
  readonly #refusal: KeelsonError | undefined

  /** @param refusal why no more than `max` may be made */
  constructor(max: number, refusal: KeelsonError | undefined) {
    this.#max = max
    this.#refusal = refusal
  }

  /** How many were made, or tried. */
  get count(): number {
    return this.#count
  }

  /** @throws whatever `create` throws that is no refusal */
  make<T>(create: () => T): Made<T> {
    if (this.#refusal !== undefined && this.#count >= this.#max) return { refused: this.#refusal }
    this.#count += 1
    try {
      return { object: create() }
    } catch (error) {
      if (isKeelsonError(error, 'Invalid', 'Forbidden', 'QuotaExceeded')) return { refused: error }
      throw error
    }
  }
}

/**
 * A transaction that makes objects. When a quota refuses all of it, it runs again with as many objects as there is room
 * for, at last with none: what else it writes, such as ends that it counts, does not wait for room.
 */
export async function transactWithinQuota<T>(
  client: Client,
  run: (tx: Transaction, making: Making) => T,
): Promise<T> {
  let max = Number.POSITIVE_INFINITY
  let refusal: KeelsonError | undefined
  for (;;) {
    let tried = 0
    try {
      return await client.transact(tx => {
        const making = new Making(max, refusal)
        try {
          return run(tx, making)
        } finally {
          tried = making.count
        }
      })
    } catch (error) {
      if (!isKeelsonError(error, 'QuotaExceeded') || tried === 0) throw error
      max = roomOf(error, tried)
      refusal = error
    }
  }
}

/** How many of those that were tried there is room for; of bytes nothing is known, so none. */
function roomOf({ details }: KeelsonError, tried: number): number {
  const { resource, used, asked, max } = details
  if (resource !== 'objects') return 0
  return Math.max(0, Math.min(tried - 1, tried - (Number(used) + Number(asked) - Number(max))))
}

/** When to try again what was refused; never by itself what is invalid. */
export function retryAtMs(refused: KeelsonError | undefined, nowMs: number): number | undefined {
  return refused === undefined || refused.code === 'Invalid' ? undefined : nowMs + REFUSED_RETRY_MS
}
