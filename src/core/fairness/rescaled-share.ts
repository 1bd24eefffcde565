import type { Fraction } from './fraction.js'
import {
  addFractions,
  compareFractions,
  divideFractions,
  fractionOf,
  multiplyFractions,
  ZERO_FRACTION,
} from './fraction.js'

/** Somebody who uses something, or a group of such. */
export interface RescaledMember<T> {
  readonly id: T
  /** Thousandths; default 1000. Divides the share among siblings. */
  readonly weight?: number
  /** Whole numbers by column; of a group it is ignored. */
  readonly used: readonly number[]
  /** Absent: it is no group. */
  readonly children?: readonly RescaledMember<T>[]
}

interface Rescaled {
  /** Parts of the totals by column, after rescaling what is below. */
  readonly parts: readonly Fraction[]
  /** The largest part, before the weight. */
  readonly share: Fraction
  readonly blocked: boolean
}

/**
 * Shares of hierarchical dominant resource fairness (Bhattacharya et al., SoCC 2013). A plain sum over a subtree
 * punishes a group whose members use different resources: one member that has all of a resource makes the whole
 * group look rich. Here the vector of each member is scaled to the smallest share among its siblings that are not
 * blocked, and the group has the sum of that. A member is blocked when all it uses includes a resource of which
 * nothing is left; when all are blocked, the smallest share of all counts.
 *
 * Exact, and recomputed whole: O(members × columns) with big integers.
 *
 * @returns shares divided by the weights, by id
 */
export function rescaledShares<T>(
  members: readonly RescaledMember<T>[],
  totals: readonly number[],
): ReadonlyMap<T, Fraction> {
  const shares = new Map<T, Fraction>()
  const used = totals.map((_total, column) => sumOf(members, column))
  const saturated = totals.map((total, column) => total > 0 && (used[column] as number) >= total)
  const visit = (member: RescaledMember<T>): Rescaled => {
    const result =
      member.children === undefined
        ? leafShare(member.used, totals, saturated)
        : groupShare(
            member.children.map(child => ({ child: visit(child), weight: child.weight ?? 1000 })),
            totals.length,
          )
    shares.set(member.id, weighted(result.share, member.weight ?? 1000))
    return result
  }
  for (const member of members) visit(member)
  return shares
}

function sumOf<T>(members: readonly RescaledMember<T>[], column: number): number {
  let sum = 0
  for (const { used, children } of members)
    sum += children === undefined ? (used[column] ?? 0) : sumOf(children, column)
  return sum
}

function leafShare(
  used: readonly number[],
  totals: readonly number[],
  saturated: readonly boolean[],
): Rescaled {
  const parts = totals.map((total, column) =>
    total > 0 ? fractionOf(BigInt(used[column] ?? 0), BigInt(total)) : ZERO_FRACTION,
  )
  const blocked = saturated.some((full, column) => full && (used[column] ?? 0) > 0)
  return { parts, share: largest(parts), blocked }
}

function groupShare(
  members: readonly { readonly child: Rescaled; readonly weight: number }[],
  columns: number,
): Rescaled {
  const using = members.filter(({ child }) => child.share.numerator > 0n)
  const free = using.filter(({ child }) => !child.blocked)
  const level = smallest(
    (free.length > 0 ? free : using).map(({ child, weight }) => weighted(child.share, weight)),
  )
  let parts: readonly Fraction[] = Array.from({ length: columns }, () => ZERO_FRACTION)
  for (const { child, weight } of using) {
    const factor = divideFractions(level, weighted(child.share, weight))
    parts = parts.map((part, column) =>
      addFractions(part, multiplyFractions(child.parts[column] ?? ZERO_FRACTION, factor)),
    )
  }
  const blocked = members.length > 0 && members.every(({ child }) => child.blocked)
  return { parts, share: largest(parts), blocked }
}

function weighted(share: Fraction, weight: number): Fraction {
  return multiplyFractions(share, fractionOf(1000n, BigInt(weight)))
}

function largest(parts: readonly Fraction[]): Fraction {
  let most = ZERO_FRACTION
  for (const part of parts) if (compareFractions(part, most) > 0) most = part
  return most
}

function smallest(shares: readonly Fraction[]): Fraction {
  let least = shares[0] ?? ZERO_FRACTION
  for (const share of shares) if (compareFractions(share, least) < 0) least = share
  return least
}
