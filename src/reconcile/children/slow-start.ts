import { assertValid, wholeNumber } from '../../core/internal.js'

/** What came of calls made in growing batches. */
export interface SlowStartReport {
  /** Sizes of the batches that were begun. */
  readonly batches: readonly number[]
  readonly succeeded: number
  /** Items for which no call was made. */
  readonly skipped: number
  /** Of the first call that failed, in the order of the items. */
  readonly error?: unknown
}

/**
 * Makes one call per item in batches of 1, 2, 4, … at once. After a batch in which a call failed no other is begun,
 * so a cause that fails every call is met by few.
 *
 * @param call a synchronous throw counts as a failure
 * @throws InvalidError unless `initialBatch` (default 1) is a whole number of at least 1
 */
export async function slowStart<T>(
  items: readonly T[],
  call: (item: T) => Promise<unknown>,
  { initialBatch = 1 }: { readonly initialBatch?: number } = {},
): Promise<SlowStartReport> {
  assertValid('slowStart', wholeNumber('initialBatch', initialBatch, { min: 1 }))
  const batches: number[] = []
  let succeeded = 0
  let begun = 0
  for (let size = initialBatch; begun < items.length; size *= 2) {
    const batch = items.slice(begun, begun + size)
    batches.push(batch.length)
    begun += batch.length
    const results = await Promise.allSettled(batch.map(async item => call(item)))
    const failure = results.find(result => result.status === 'rejected')
    succeeded += results.filter(result => result.status === 'fulfilled').length
    if (failure !== undefined)
      return { batches, succeeded, skipped: items.length - begun, error: failure.reason }
  }
  return { batches, succeeded, skipped: 0 }
}
