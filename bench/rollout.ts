import { Deployment, ReplicaSet, Revision } from 'keelson/api'
import { createManager } from 'keelson/reconcile'
import type { RolloutSpec, RolloutState, RolloutTally } from 'keelson/rollout'
import { createRolloutController, plan, planGroup, rolling } from 'keelson/rollout'
import type { CellView } from 'keelson/rollout/cells'
import { CellTable, planCells } from 'keelson/rollout/cells'
import { createStore } from 'keelson/store'
import { createVirtualEnv, simulateProgram } from 'keelson/testing'
import { dependencyLayers } from '../src/core/internal.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage, measure } from './frame/measure.js'
import type { Row, Run } from './frame/row.js'

const WIDTH = 100
const cellProgram = { width: WIDTH, maxUnavailable: WIDTH }
const STEPS = 20_000
/** How often the controller looks at a new Deployment until it rests. */
const STEPS_OF_START = 3
const program = rolling({ steps: ['10%', { next: '50%', gates: [{ kind: 'approve', name: 'lead' }] }] })

const rows: readonly Row[] = [
  {
    name: 'plan',
    title: 'one step of a rollout of so many instances in three templates',
    unit: 'ns',
    target: 5_000,
    sizes: [100_000],
    ours: planSteps,
    peers: { 'a tally of every instance': tallyInstances, xstate: peer('xstate') },
    atLeast: { 'a tally of every instance': 500, xstate: 3 },
  },
  {
    name: 'plan-flat',
    title: 'the same from 10 to 100,000 instances; the cost must not grow with them',
    unit: 'ns',
    sizes: [10, 1_000, 100_000],
    ours: planSteps,
  },
  {
    name: 'fleet',
    title: 'one pass over so many rollouts, each halfway',
    unit: 'ms',
    target: 100,
    sizes: [10_000],
    ours: fleetPasses,
  },
  {
    name: 'controller',
    title:
      'a step of a new Deployment through controller and store, after 2,000 others: of three until it rests, two of which write',
    unit: 'ms',
    target: 1,
    sizes: [2_000],
    ours: size => newDeployments(2_000, size),
  },
  {
    name: 'controller-cold',
    title: 'the same for the first of a process, in which schemas are compiled and nothing is optimised yet',
    unit: 'ms',
    sizes: [500],
    ours: size => newDeployments(0, size),
  },
  {
    name: 'cells',
    title: 'one step of so many cells, 100 of which change at a time, with what became of those told',
    unit: 'ns',
    target: 50_000,
    sizes: [100_000],
    ours: cellSteps,
    peers: { 'all cells sorted at each step': sortedCellSteps },
    atLeast: { 'all cells sorted at each step': 10 },
  },
  {
    name: 'cell-memory',
    title: 'what a table keeps of a cell, its key included, in the middle of a rollout',
    unit: 'bytes',
    target: 100,
    runs: 1,
    sizes: [100_000],
    ours: cellBytes,
  },
  {
    name: 'simulate',
    title:
      'a rollout of so many instances from end to end in virtual time, each of which takes a second to come up',
    unit: 'ms',
    target: 1_000,
    sizes: [100_000],
    ours: simulations,
  },
  {
    name: 'layers',
    title:
      'the layers of so many members, with twice as many dependencies: what a group of any size begins with',
    unit: 'ms',
    target: 200,
    sizes: [100_000],
    ours: layerings,
  },
  {
    name: 'groups',
    title: 'the stages of a group of so many members, with twice as many dependencies',
    unit: 'ms',
    target: 200,
    sizes: [10_000],
    ours: groupPlans,
  },
]

await bench(rows)

/** A rollout of `size` instances that is replaced halfway, so that three templates have some. */
function halfway(size: number): {
  readonly spec: RolloutSpec
  readonly state: RolloutState
  readonly sets: readonly RolloutTally[]
} {
  const spec: RolloutSpec = {
    desired: size,
    template: 'c',
    stable: 'a',
    entry: 3,
    cause: 'update',
    paused: false,
    program,
  }
  const tenth = Math.max(1, Math.floor(size / 10))
  const set = (template: string, count: number): RolloutTally => ({ template, size: count, available: count })
  const sets = [set('a', size - 2 * tenth), set('b', tenth), set('c', tenth)]
  return { spec, sets, state: plan(spec, undefined, { sets }, 0).state }
}

async function planSteps(size: number): Promise<Measurement> {
  const { spec, state, sets } = halfway(size)
  const run = (from: number, count: number): void => {
    let actions = 0
    for (let step = 0; step < count; step++)
      actions += plan(spec, state, { sets }, from + step).actions.length
    if (actions === 0) throw new Error('nothing was to be done')
  }
  // What is asked is what a step costs in a process that runs, not how soon the engine optimises it.
  run(0, STEPS)
  return measure({ batch: 1_000, operations: 5 * STEPS, prepare: from => from, run })
}

/** What a planner pays that counts its instances at each step. */
async function tallyInstances(size: number): Promise<Measurement> {
  const instances = Array.from({ length: size }, (_, index) => ({
    template: index % 3 === 0 ? 'a' : index % 3 === 1 ? 'b' : 'c',
    isAvailable: index % 7 !== 0,
  }))
  const run = (_from: number, count: number): void => {
    let available = 0
    for (let round = 0; round < count; round++) {
      const tallies = new Map<string, { size: number; available: number }>()
      for (const { template, isAvailable } of instances) {
        const tally = tallies.get(template) ?? { size: 0, available: 0 }
        tally.size += 1
        if (isAvailable) tally.available += 1
        tallies.set(template, tally)
      }
      available += tallies.get('a')?.available ?? 0
    }
    if (available === 0) throw new Error('nothing was counted')
  }
  return measure({ batch: 5, operations: 50, prepare: from => from, run })
}

async function fleetPasses(size: number): Promise<Measurement> {
  const fleet = Array.from({ length: size }, (_, index) => halfway(10 + (index % 90)))
  const run = (pass: number): void => {
    let actions = 0
    for (const { spec, state, sets } of fleet) actions += plan(spec, state, { sets }, pass).actions.length
    if (actions === 0) throw new Error('nothing was to be done')
  }
  return inMs(await measure({ batch: 1, operations: 20, prepare: from => from, run }))
}

function inMs({ samples, mean, ...rest }: Measurement): Measurement {
  return { ...rest, samples: samples.map(sample => sample / 1e6), mean: mean / 1e6 }
}

/** Deployments are made, and each takes its first steps: set, entry of the ledger and status in one transaction. */
async function newDeployments(before: number, size: number): Promise<Measurement> {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Deployment, ReplicaSet, Revision], env })
  const manager = createManager({ client: store.client(env) })
  manager.add(createRolloutController())
  await env.run(() => manager.start())
  const selector = { matchLabels: { app: 'web' } }
  const template = { metadata: { labels: { app: 'web' } }, spec: { image: 'web:1' } }
  const run = async (from: number, count: number): Promise<void> => {
    for (let index = from; index < from + count; index++) {
      const metadata = { namespace: 'default', name: `web-${index}` }
      await store.create(Deployment, { metadata, spec: { replicas: 10, selector, template } })
    }
    await env.settle()
    if (store.count(ReplicaSet) !== from + count) throw new Error('not all were rolled out')
  }
  if (before > 0) await run(0, before)
  return inMs(
    await measure({
      batch: 50 * STEPS_OF_START,
      operations: size * STEPS_OF_START,
      prepare: from => before + from / STEPS_OF_START,
      run: (from, count) => run(from, count / STEPS_OF_START),
    }),
  )
}

function cellAt(ordinal: number, revision: string): CellView {
  return { key: `web-${ordinal}`, ordinal, revision, running: revision, available: true }
}

function cellsOf(size: number): CellView[] {
  return Array.from({ length: size }, (_, ordinal) => cellAt(ordinal, 'a'))
}

async function cellSteps(size: number): Promise<Measurement> {
  const goal = { target: 'b', stable: 'a' }
  const table = new CellTable(cellProgram, goal)
  const before = cellsOf(size)
  const after = before.map((_, ordinal) => cellAt(ordinal, 'b'))
  let left = size
  const step = (): void => {
    const { moves } = table.step()
    if (moves.length !== WIDTH) throw new Error('fewer changed than may')
    // The highest ordinal first: whose turn it was is looked up nowhere.
    for (const { key } of moves) {
      left -= 1
      const cell = after[left]
      if (cell?.key !== key) throw new Error('another one changed than was due')
      table.set(cell)
    }
  }
  // What was moved on is put back, so that no step finds nothing to do.
  const reset = (): void => {
    for (const cell of before) table.set(cell)
    table.step()
    left = size
  }
  reset()
  const steps = size / WIDTH
  const run = (_from: number, count: number): void => {
    for (let index = 0; index < count; index++) step()
  }
  const prepare = (from: number): number => {
    reset()
    return from
  }
  return measure({ batch: steps, operations: 40 * steps, prepare, run })
}

/** Keys are made anew, as they come from a store. */
async function cellBytes(size: number): Promise<Measurement> {
  const before = await bytesInUse()
  const table = new CellTable(cellProgram, { target: 'b', stable: 'a' })
  for (let ordinal = 0; ordinal < size; ordinal++) table.set(cellAt(ordinal, 'a'))
  for (let step = 0; step < 10; step++)
    for (const { key, revision } of table.step().moves) table.set(cellAt(Number(key.slice(4)), revision))
  const mean = ((await bytesInUse()) - before) / size
  if (table.step().moves.length !== WIDTH) throw new Error('fewer changed than may')
  return { samples: [mean], mean }
}

/** Columns are outside of the heap. */
async function bytesInUse(): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, 20))
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

async function sortedCellSteps(size: number): Promise<Measurement> {
  const cells = cellsOf(size)
  const run = (_from: number, count: number): void => {
    for (let index = 0; index < count; index++)
      if (planCells(cells, { target: 'b', stable: 'a' }, cellProgram).moves.length !== WIDTH)
        throw new Error('fewer changed than may')
  }
  return measure({ batch: 2, operations: 10, prepare: from => from, run })
}

async function simulations(desired: number): Promise<Measurement> {
  const run = (_from: number, count: number): void => {
    for (let index = 0; index < count; index++)
      if (simulateProgram(program, { desired }, index).phase !== 'succeeded')
        throw new Error('did not arrive')
  }
  return inMs(await measure({ batch: 1, operations: 10, prepare: from => from, run }))
}

/** Each depends on two that came before it. */
function dependenciesOf(id: number): readonly string[] {
  return id < 2 ? [] : [`app-${Math.floor(id / 2)}`, `app-${Math.floor(id / 3)}`]
}

async function layerings(size: number): Promise<Measurement> {
  const edges = new Map(Array.from({ length: size }, (_, id) => [`app-${id}`, dependenciesOf(id)] as const))
  const run = (_from: number, count: number): void => {
    for (let index = 0; index < count; index++)
      if (dependencyLayers(edges).flat().length !== size) throw new Error('not all have a layer')
  }
  return inMs(await measure({ batch: 1, operations: 10, prepare: from => from, run }))
}

/** One transition of a machine of the same phases, whose action looks at as much as a step does. */
function peer(name: string): Run {
  return async size => {
    const { transitions } = (await import(`./peers/rollout/${name}.ts`)) as {
      readonly transitions: (size: number) => (count: number) => void
    }
    const walk = transitions(size)
    walk(STEPS)
    return measure({
      batch: 1_000,
      operations: 5 * STEPS,
      prepare: from => from,
      run: (_, count) => walk(count),
    })
  }
}

async function groupPlans(size: number): Promise<Measurement> {
  const members = Array.from({ length: size }, (_, id) => {
    return [`app-${id}`, { template: `${id}`, replicas: 1, dependsOn: dependenciesOf(id) }] as const
  })
  const to = new Map(members)
  const run = (_from: number, count: number): void => {
    for (let index = 0; index < count; index++)
      if (planGroup(new Map(), to).flat().length !== size) throw new Error('not all have a stage')
  }
  return inMs(await measure({ batch: 1, operations: 10, prepare: from => from, run }))
}
