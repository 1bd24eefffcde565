import type { ResourceVector } from '../resources/resources.js'

/** How much of the common pool somebody uses beyond what is its own. */
export interface BorrowingShare {
  /** Per mille of what can be lent, divided by the weight; infinite for a weight of 0 that borrows. */
  readonly share: number
  /** The resource with the largest share, undefined when nothing is borrowed. */
  readonly resource: string | undefined
}

/**
 * The share that Kueue's fair sharing compares: of every resource the part above the own quota, per mille of what
 * the pool can lend; the largest counts, divided by the weight.
 *
 * @param input amounts in one unit; a resource that nobody lends does not count; `weight` is at least 0, default 1
 */
export function borrowingShare(input: {
  readonly quota: ResourceVector
  readonly usage: ResourceVector
  readonly lendable: ResourceVector
  readonly weight?: number
}): BorrowingShare {
  const { quota, usage, lendable, weight = 1 } = input
  let share = 0
  let resource: string | undefined
  for (const name of Object.keys(usage).sort()) {
    const borrowed = (usage[name] ?? 0) - (quota[name] ?? 0)
    const most = lendable[name] ?? 0
    if (borrowed <= 0 || most <= 0) continue
    const part = (borrowed * 1000) / most
    if (part <= share) continue
    share = part
    resource = name
  }
  return { share: share === 0 ? 0 : share / weight, resource }
}
