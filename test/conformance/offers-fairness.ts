import type { FairSorter, RescaledMember, WaterQueue } from '../../src/core/fairness/index.js'
import {
  borrowingShare,
  createFairSorter,
  formatFraction,
  progressiveFill,
  rescaledShares,
  waterFill,
} from '../../src/core/fairness/index.js'
import type { ResourceVector } from '../../src/core/index.js'
import { createSeededRandom } from '../../src/core/index.js'
import { toThousandths, weightedShuffle } from '../../src/core/internal.js'
import type { Quantities } from '../../src/offers/index.js'

interface FillInput {
  readonly total: Quantities
  readonly users: readonly {
    readonly name: string
    readonly demand: Quantities
    readonly weight?: number
    readonly weights?: Readonly<Record<string, number>>
  }[]
}

type SorterStep = readonly [string, string?, (Quantities | number)?]

interface HdrfRow {
  readonly total: Quantities
  readonly n1: Quantities
  readonly n2: Readonly<Record<string, Quantities>>
}

export const fairnessAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  progressiveFill: ({ total, users }: FillInput) => {
    const filled = progressiveFill(
      milli(total),
      users.map(user => ({ ...user, demand: milli(user.demand) })),
    )
    return {
      order: filled.order,
      users: Object.fromEntries(
        [...filled.users].map(([name, { tasks, allocated, share }]) => [
          name,
          { tasks, allocated: whole(allocated), share: formatFraction(share) },
        ]),
      ),
      free: whole(filled.free),
    }
  },
  sorter: (input: { total: Quantities; steps: SorterStep[]; excludeThen?: string[] }) => {
    const { total, steps, excludeThen } = input
    if (excludeThen === undefined) return sorterOrders(total, steps, [])
    return { counted: sorterOrders(total, steps, []), excluded: sorterOrders(total, steps, excludeThen) }
  },
  weightedShuffle: ({ weights }: { weights: number[] }) => shuffleProbabilities(weights),
  waterFill: ({ rows }: { rows: { total: number; queues: WaterQueue[] }[] }) =>
    rows.map(({ total, queues }) =>
      Object.fromEntries([...waterFill(total, queues)].map(([name, share]) => [name, sixDigits(share)])),
    ),
  borrowShare: ({ rows }: { rows: BorrowRow[] }) => rows.map(borrowAnswer),
  hdrf: ({ rows }: { rows: HdrfRow[] }) => rows.map(hdrfAnswer),
}

interface BorrowRow {
  readonly quota: ResourceVector
  readonly usage: ResourceVector
  readonly lendable: ResourceVector
  readonly weight?: number
  readonly add?: ResourceVector
}

function borrowAnswer({ quota, usage, lendable, weight = 1, add = {} }: BorrowRow): unknown {
  const sum = Object.fromEntries(
    Object.keys(usage).map(name => [name, (usage[name] ?? 0) + (add[name] ?? 0)]),
  )
  const { share, resource } = borrowingShare({ quota, usage: sum, lendable, weight })
  return {
    share: Number.isFinite(share) ? share : String(share),
    resource: resource ?? '',
    borrowing: resource !== undefined,
  }
}

function sorterOrders(total: Quantities, steps: readonly SorterStep[], exclude: readonly string[]): unknown {
  const sorter = createFairSorter({ exclude })
  sorter.setTotal(milli(total))
  return steps.flatMap(step => {
    if (step[0] === 'sort') return [sorter.order()]
    applyStep(sorter, step)
    return []
  })
}

function applyStep(sorter: FairSorter, [verb, name = '', argument]: SorterStep): void {
  switch (verb) {
    case 'add':
      return sorter.add(name)
    case 'alloc':
      return sorter.allocate(name, milli(argument as Quantities))
    case 'unalloc':
      return sorter.release(name, milli(argument as Quantities))
    case 'weight':
      return sorter.setWeight(name, argument as number)
    case 'on':
    case 'off':
      return sorter.setActive(name, verb === 'on')
    case 'total':
      return sorter.setTotal(milli(name as unknown as Quantities))
    default:
      throw new Error(`unknown step ${verb}`)
  }
}

/** How often each of the weights comes first, and before each other, over many shuffles. */
function shuffleProbabilities(weights: readonly number[]): unknown {
  const rounds = 40_000
  const random = createSeededRandom('shuffle')
  const indexes = weights.map((_weight, index) => index)
  const first = indexes.map(() => 0)
  const before = indexes.map(() => indexes.map(() => 0))
  for (let round = 0; round < rounds; round++) {
    const order = weightedShuffle(indexes, random, index => weights[index] as number)
    first[order[0] as number]!++
    for (const [place, index] of order.entries())
      for (const later of order.slice(place + 1)) before[index]![later]!++
  }
  return {
    first: first.map(count => count / rounds),
    before: before.map((row, i) => row.map((count, j) => (i === j ? null : count / rounds))),
  }
}

function hdrfAnswer({ total, n1, n2 }: HdrfRow): unknown {
  const names = Object.keys(total)
  const vector = (amounts: Quantities): number[] => names.map(name => toThousandths(amounts[name] ?? 0))
  const totals = vector(total)
  const children = Object.entries(n2).map(([id, amounts]) => ({ id, used: vector(amounts) }))
  const members: RescaledMember<string>[] = [
    { id: 'n1', used: vector(n1) },
    { id: 'n2', used: [], children },
  ]
  const rescaled = rescaledShares(members, totals)
  const sorter = createFairSorter()
  const rescaling = createFairSorter({ hierarchy: 'rescaled' })
  for (const each of [sorter, rescaling]) {
    each.setTotal(milli(total))
    each.add('n1')
    each.allocate('n1', milli(n1))
    for (const [name, amounts] of Object.entries(n2)) {
      each.add(`n2/${name}`)
      each.allocate(`n2/${name}`, milli(amounts))
    }
  }
  const naive = sorter.share('n2').share
  const [first, second] = ['n1', 'n2'].map(name => formatFraction(rescaled.get(name)!)) as [string, string]
  return {
    n1: first,
    naive: { n2: asFraction(naive, total), next: sorter.order()[0] === 'n1' ? 'n1' : 'n2' },
    hdrf: { n2: second, next: first === second ? 'tie' : rescaling.order()[0] === 'n1' ? 'n1' : 'n2' },
  }
}

/** A share of a tenth-based total as the fraction that it is. */
function asFraction(share: number, total: Quantities): string {
  const whole = Math.max(...Object.values(total))
  const [n, d] = [Math.round(share * whole), whole]
  const divisor = greatest(n, d)
  return d / divisor === 1 ? `${n / divisor}` : `${n / divisor}/${d / divisor}`
}

function greatest(a: number, b: number): number {
  return b === 0 ? a : greatest(b, a % b)
}

function milli(quantities: Quantities): ResourceVector {
  return Object.fromEntries(Object.entries(quantities).map(([name, value]) => [name, toThousandths(value)]))
}

function whole(vector: ResourceVector): Quantities {
  return Object.fromEntries(Object.entries(vector).map(([name, amount]) => [name, amount / 1000]))
}

function sixDigits(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
