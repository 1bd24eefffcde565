import { InvalidError } from '../../core/index.js'
import { fromThousandths, toThousandths } from '../../core/internal.js'
import { SCALAR_MAX } from './resource-check.js'

/** Totals by resource name, in the unit of the name, with three decimals: `{ cpus: 1.5, mem: 512 }`. */
export type Quantities = Readonly<Record<string, number>>

/** Thousandths by resource name: whole numbers, so that sums are exact. */
export type Thousandths = ReadonlyMap<string, number>

const EMPTY: Thousandths = new Map()

/**
 * Quantities as thousandths. Zeros are dropped, unless asked for.
 *
 * @throws InvalidError for an amount that is negative, no number, above 1e12, or positive but below 0.001
 */
export function thousandthsOf(
  quantities: Quantities,
  options: { readonly keepZeros?: boolean } = {},
): Thousandths {
  const names = Object.keys(quantities)
  if (names.length === 0) return EMPTY
  const result = new Map<string, number>()
  for (const name of names) {
    const value = quantities[name] as number
    if (typeof value !== 'number' || !(value >= 0) || value > SCALAR_MAX)
      throw fault(name, value, `must be a number from 0 to ${SCALAR_MAX}`)
    const amount = toThousandths(value)
    if (amount === 0 && value > 0) throw fault(name, value, 'must be at least 0.001, or 0')
    if (amount !== 0 || options.keepZeros === true) result.set(name, amount)
  }
  return result
}

/** Thousandths as quantities, in the order of the names. Exact: each is the nearest number. */
export function quantitiesOf(amounts: Thousandths): Quantities {
  const result: Record<string, number> = {}
  for (const name of [...amounts.keys()].sort()) result[name] = fromThousandths(amounts.get(name) ?? 0)
  return result
}

/**
 * The sum of two totals.
 *
 * @internal
 */
export function plusQuantities(a: Quantities, b: Quantities): Quantities {
  const sum = new Map(thousandthsOf(a))
  for (const [name, amount] of thousandthsOf(b)) sum.set(name, (sum.get(name) ?? 0) + amount)
  return quantitiesOf(sum)
}

/** The difference, never below 0; what comes to 0 is dropped. */
export function minusQuantities(a: Quantities, b: Quantities): Quantities {
  const less = thousandthsOf(b)
  const rest = new Map<string, number>()
  for (const [name, amount] of thousandthsOf(a)) {
    const left = amount - (less.get(name) ?? 0)
    if (left > 0) rest.set(name, left)
  }
  return quantitiesOf(rest)
}

/**
 * Whether `a` has at least as much as `b` of everything. Exact.
 *
 * @internal
 */
export function containsQuantities(a: Quantities, b: Quantities): boolean {
  const have = thousandthsOf(a)
  for (const [name, amount] of thousandthsOf(b)) if ((have.get(name) ?? 0) < amount) return false
  return true
}

/**
 * Limits less what is used, never below 0. A name that is absent has no limit; one that is used up stays, at 0.
 *
 * @internal
 */
export function minusFromLimits(limits: Quantities, used: Quantities): Quantities {
  const less = thousandthsOf(used)
  const rest = new Map<string, number>()
  for (const [name, amount] of thousandthsOf(limits, { keepZeros: true }))
    rest.set(name, Math.max(0, amount - (less.get(name) ?? 0)))
  return quantitiesOf(rest)
}

/** Whether the amounts stay within the limits. */
export function limitsContain(limits: Quantities, amounts: Quantities): boolean {
  const bounds = thousandthsOf(limits, { keepZeros: true })
  for (const [name, amount] of thousandthsOf(amounts, { keepZeros: true })) {
    const bound = bounds.get(name)
    if (bound !== undefined && amount > bound) return false
  }
  return true
}

/**
 * Whether whatever stays within `inner` stays within `outer` too.
 *
 * @internal
 */
export function limitsContainLimits(outer: Quantities, inner: Quantities): boolean {
  const within = thousandthsOf(inner, { keepZeros: true })
  for (const [name, bound] of thousandthsOf(outer, { keepZeros: true })) {
    const amount = within.get(name)
    if (amount === undefined || amount > bound) return false
  }
  return true
}

/**
 * At most as much as `bounds` says of each name; a name that it does not say is dropped.
 *
 * @internal
 */
export function shrinkToQuantities(amounts: Quantities, bounds: Quantities): Quantities {
  const most = thousandthsOf(bounds)
  return shrink(amounts, name => most.get(name) ?? 0)
}

/**
 * At most as much as `limits` says of each name; a name that it does not say is kept.
 *
 * @internal
 */
export function shrinkToLimits(amounts: Quantities, limits: Quantities): Quantities {
  const most = thousandthsOf(limits, { keepZeros: true })
  return shrink(amounts, name => most.get(name) ?? Number.POSITIVE_INFINITY)
}

function shrink(amounts: Quantities, most: (name: string) => number): Quantities {
  const result = new Map<string, number>()
  for (const [name, amount] of thousandthsOf(amounts)) {
    const kept = Math.min(amount, most(name))
    if (kept > 0) result.set(name, kept)
  }
  return quantitiesOf(result)
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('quantities', [{ field, value, message }])
}
