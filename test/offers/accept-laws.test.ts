import { describe, expect, test } from 'vitest'
import { createSeededRandom } from '../../src/core/index.js'
import type { LaunchSpec, Operation, Resource } from '../../src/offers/index.js'
import { ResourceSet, resources } from '../../src/offers/index.js'
import { planAccept } from '../../src/offers/pool/accept.js'
import type { Outcome } from '../../src/offers/pool/operation.js'

const SEEDS = 150
const ROLE = 'eng'
const LAYER = { role: ROLE }

const disk = (value: number, id?: string): Resource => ({
  name: 'disk',
  value,
  reservations: [LAYER],
  ...(id !== undefined && { disk: { volume: { id } } }),
})
const OFFERED = resources([
  { name: 'cpus', value: 4 },
  { name: 'mem', value: 64 },
  { name: 'ports', value: [[31_000, 31_009]] },
  disk(100),
  disk(20, 'v0'),
  { name: 'cpus', value: 1, reservations: [LAYER] },
])

/** Operations that may fit or not, and may follow from one another. */
function operationOf(random: () => number, serial: number): Operation {
  const below = (bound: number): number => Math.floor(random() * bound)
  const cpus = resources([{ name: 'cpus', value: 1 + below(3), reservations: [LAYER] }])
  const id = `v${below(3)}`
  const volume = resources([disk(10 + 10 * below(3), id)])
  const task = (n: number): LaunchSpec => ({
    id: `t${serial}-${n}`,
    need: { cpus: 0.5 + below(4) / 2, ...(below(2) === 0 && { ports: below(4) }) },
    ...(below(4) === 0 && { take: volume }),
  })
  const tasks = Array.from({ length: 1 + below(3) }, (_, n) => task(n))
  const kinds: readonly Operation[] = [
    { op: 'launch', tasks },
    { op: 'launchGroup', tasks, overhead: below(2) === 0 ? {} : { mem: 8 } },
    { op: 'reserve', resources: cpus },
    { op: 'unreserve', resources: cpus },
    { op: 'create', volumes: volume },
    { op: 'destroy', volumes: volume },
    { op: 'grow', volume, addition: resources([disk(10 + 10 * below(2))]) },
    { op: 'shrink', volume, by: 5 + 5 * below(4) },
  ]
  return kinds[below(kinds.length)]!
}

function hasSucceeded(outcome: Outcome<Operation>): boolean {
  return outcome.op === 'launch' ? outcome.failed.length === 0 : outcome.problem === undefined
}

describe('an accept', () => {
  test.each(['each', 'all'] as const)(
    'comes to what was offered, with what was made of it: used, converted and declined; mode %s',
    mode => {
      const done = new Set<string>()
      for (let seed = 0; seed < SEEDS; seed++) {
        const random = createSeededRandom(seed)
        const operations = Array.from({ length: 6 }, (_, serial) => operationOf(() => random.next(), serial))
        const input = {
          offered: OFFERED,
          agent: 'a1',
          role: ROLE,
          hasTask: () => false,
          volumes: new Set(['v0']),
        }
        const plan = planAccept(input, operations, mode)
        let made = OFFERED
        for (const { from, to } of plan.conversions) made = made.minus(from).plus(to)
        const used = plan.launches.reduce((sum, { take }) => sum.plus(take), ResourceSet.empty)
        const sum = used.plus(plan.converted).plus(plan.declined)
        expect(sum.toString(), `seed ${seed}`).toBe(made.toString())
        expect(made.quantities()).toEqual(OFFERED.quantities())
        expect(OFFERED.contains(plan.declined), `declined of seed ${seed}`).toBe(true)
        for (const outcome of plan.outcomes) if (hasSucceeded(outcome)) done.add(outcome.op)
        if (mode === 'all' && !plan.outcomes.every(hasSucceeded))
          expect(plan.declined.toString()).toBe(OFFERED.toString())
      }
      if (mode === 'each') expect(done.size, 'every kind of operation succeeds somewhere').toBe(8)
    },
  )
})
