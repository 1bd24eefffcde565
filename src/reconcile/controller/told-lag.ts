import type { Clock } from '../../core/index.js'

/** What is compared. */
export interface ToldLagOptions {
  readonly clock: Pick<Clock, 'monotonic'>
  /** The revision that the store is at. */
  readonly revision: () => number
  /** Whether everything up to a revision was told. */
  readonly isTold: (revision: number) => boolean
}

/**
 * For how long a revision has been there that was not told. A look is the only thing that it does: the age is counted
 * from the first look that finds news untold, so it is exact to the time between two looks, and never too long.
 */
export class ToldLag {
  readonly #options: ToldLagOptions
  #untold: { readonly revision: number; readonly sinceMs: number } | undefined

  constructor(options: ToldLagOptions) {
    this.#options = options
  }

  /** In milliseconds; 0 when everything is told. */
  ms(): number {
    const { clock, revision, isTold } = this.#options
    if (this.#untold !== undefined && isTold(this.#untold.revision)) this.#untold = undefined
    const newest = revision()
    if (isTold(newest)) return 0
    const nowMs = clock.monotonic()
    this.#untold ??= { revision: newest, sinceMs: nowMs }
    return nowMs - this.#untold.sinceMs
  }
}
