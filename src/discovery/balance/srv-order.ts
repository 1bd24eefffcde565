import type { Random } from '../../core/index.js'

/** The part of an SRV record that chooses. */
export interface SrvChoice {
  readonly priority: number
  readonly weight: number
}

/**
 * The order in which a client tries SRV records (RFC 2782): lower priorities first; within one, each next by a number
 * drawn from 0 to the sum of the weights, the first whose running sum reaches it, records of weight 0 at the front.
 *
 * @param draw a whole number from 0 to `sum`, both included; with `random` given instead, of that generator
 */
export function orderSrv<R extends SrvChoice>(
  records: readonly R[],
  source: Random | ((sum: number) => number),
): readonly R[] {
  const draw =
    typeof source === 'function' ? source : (sum: number): number => Math.floor(source.next() * (sum + 1))
  const left = records
    .map((record, index) => ({ record, index }))
    .sort(
      (a, b) =>
        a.record.priority - b.record.priority ||
        Number(a.record.weight > 0) - Number(b.record.weight > 0) ||
        a.index - b.index,
    )
    .map(({ record }) => record)
  const order: R[] = []
  while (left.length > 0) {
    const first = left[0] as R
    const count = left.findIndex(({ priority }) => priority !== first.priority)
    const equals = count < 0 ? left.length : count
    const sum = left.slice(0, equals).reduce((all, { weight }) => all + weight, 0)
    const wanted = draw(sum)
    let running = 0
    const at = left.slice(0, equals).findIndex(({ weight }) => (running += weight) >= wanted)
    order.push(...left.splice(Math.max(0, at), 1))
  }
  return order
}
