import type { PackingCertificate, PackingShape } from './packing-certificate.js'

/** Prices are whole multiples of one over this. */
const PRICE_UNIT = 1_000_000
const ROUNDS_MAX = 500
/** Sets of items that are looked at for one pattern. */
const PATTERNS_MAX = 200_000
const EPSILON = 1e-9

/**
 * Solves the configuration LP by column generation (Gilmore and Gomory, 1961): a basis of patterns, the prices that it
 * gives to the shapes, and the dearest pattern at these prices as the next column. The prices are cut to whole numbers
 * and divided by the dearest pattern at them, so that what is returned is right whatever was lost to rounding.
 */
export function solveMaster(
  shapes: readonly PackingShape[],
  capacity: readonly number[],
): PackingCertificate | undefined {
  const size = shapes.length
  if (size === 0) return { shapes, prices: [], denominator: 1 }
  const most = shapes.map(shape => mostOf(shape, capacity))
  // One pattern for each shape: as many of it as fit.
  let inverse = most.map((count, row) =>
    Array.from({ length: size }, (_, column) => (row === column ? 1 / count : 0)),
  )
  let solution = shapes.map(({ count }, row) => count / (most[row] as number))
  let best: PackingCertificate | undefined
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const prices = Array.from({ length: size }, (_, column) =>
      inverse.reduce((sum, row) => sum + (row[column] as number), 0),
    )
    const certificate = certified(shapes, capacity, prices)
    if (certificate !== undefined && isBetter(certificate, best)) best = certificate
    const pattern = dearestPattern(shapes, capacity, prices)
    if (pattern === undefined || pattern.price <= 1 + EPSILON) return best
    const entering = inverse.map(row =>
      row.reduce((sum, value, column) => sum + value * (pattern.counts[column] as number), 0),
    )
    const leaving = ratioTest(solution, entering)
    if (leaving < 0) return best
    ;({ inverse, solution } = pivot(inverse, solution, entering, leaving))
  }
  return best
}

function isBetter(a: PackingCertificate, b: PackingCertificate | undefined): boolean {
  return b === undefined || totalOf(a) * b.denominator > totalOf(b) * a.denominator
}

function totalOf({ shapes, prices }: PackingCertificate): number {
  return shapes.reduce((sum, { count }, index) => sum + count * (prices[index] ?? 0), 0)
}

/** The row that reaches 0 first; -1: none does. */
function ratioTest(solution: readonly number[], entering: readonly number[]): number {
  let leaving = -1
  let least = Number.POSITIVE_INFINITY
  for (let row = 0; row < entering.length; row++) {
    const step = entering[row] as number
    if (step <= EPSILON) continue
    const ratio = (solution[row] as number) / step
    if (ratio < least - EPSILON) {
      least = ratio
      leaving = row
    }
  }
  return leaving
}

function pivot(
  inverse: readonly (readonly number[])[],
  solution: readonly number[],
  entering: readonly number[],
  leaving: number,
): { readonly inverse: number[][]; readonly solution: number[] } {
  const by = entering[leaving] as number
  const row = (inverse[leaving] as readonly number[]).map(value => value / by)
  const amount = (solution[leaving] as number) / by
  return {
    inverse: inverse.map((old, index) =>
      index === leaving
        ? row
        : old.map((value, column) => value - (entering[index] as number) * (row[column] as number)),
    ),
    solution: solution.map((old, index) =>
      index === leaving ? amount : Math.max(0, old - (entering[index] as number) * amount),
    ),
  }
}

/** Whole prices, and what the dearest pattern costs at them. */
function certified(
  shapes: readonly PackingShape[],
  capacity: readonly number[],
  raw: readonly number[],
): PackingCertificate | undefined {
  const prices = raw.map(price => Math.max(0, Math.round(price * PRICE_UNIT)))
  const dearest = dearestPattern(shapes, capacity, prices)
  if (dearest === undefined || dearest.price <= 0) return undefined
  const divisor = prices.reduce(greatestCommonDivisor, dearest.price)
  return { shapes, prices: prices.map(price => price / divisor), denominator: dearest.price / divisor }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** How many of the shape fit into one bin, of those that there are. */
function mostOf({ size, count }: PackingShape, capacity: readonly number[]): number {
  return size.reduce(
    (most, amount, axis) =>
      amount === 0 ? most : Math.min(most, Math.floor((capacity[axis] ?? 0) / amount)),
    count,
  )
}

/** The items that fit into one bin and cost most, by branch and bound; undefined when it takes too long. */
function dearestPattern(
  shapes: readonly PackingShape[],
  capacity: readonly number[],
  prices: readonly number[],
): { readonly counts: readonly number[]; readonly price: number } | undefined {
  const load = (index: number): number =>
    Math.max(...capacity.map((room, axis) => (room === 0 ? 0 : (shapes[index]?.size[axis] ?? 0) / room)))
  const order = shapes
    .map((_, index) => index)
    .filter(index => (prices[index] as number) > 0)
    .sort((a, b) => (prices[b] as number) / load(b) - (prices[a] as number) / load(a))
  let [looked, price] = [0, 0]
  let best: readonly number[] = shapes.map(() => 0)
  const counts = shapes.map(() => 0)
  const visit = (at: number, room: readonly number[], spent: number): void => {
    if (++looked > PATTERNS_MAX) return
    if (spent > price) {
      price = spent
      best = [...counts]
    }
    const index = order[at]
    if (index === undefined || spent + mostWith(at, room) <= price) return
    const shape = shapes[index] as PackingShape
    const fits = mostOf(shape, room)
    for (let count = fits; count >= 0; count--) {
      counts[index] = count
      const left = room.map((amount, axis) => amount - count * (shape.size[axis] ?? 0))
      visit(at + 1, left, spent + count * (prices[index] as number))
    }
    counts[index] = 0
  }
  /** More cannot be had in this room, if items could be cut: by each dimension alone. */
  const mostWith = (from: number, room: readonly number[]): number => {
    let least = Number.POSITIVE_INFINITY
    for (const [axis, amount] of room.entries()) least = Math.min(least, fractional(from, axis, amount))
    return least
  }
  const fractional = (from: number, axis: number, amount: number): number => {
    let rate = 0
    let free = 0
    for (let at = from; at < order.length; at++) {
      const index = order[at] as number
      const size = shapes[index]?.size[axis] ?? 0
      if (size === 0) free += (shapes[index]?.count ?? 0) * (prices[index] as number)
      else rate = Math.max(rate, (prices[index] as number) / size)
    }
    return free + rate * amount
  }
  visit(0, capacity, 0)
  return looked > PATTERNS_MAX ? undefined : { counts: best, price }
}
