import type { ActionOf, Making } from '../../world/action-of.js'
import { offerSome } from '../../world/action-of.js'
import type { SimulatedProcess } from '../../world/simulated-process.js'
import type { PooledStep } from '../../world/step-pool.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

export const crash: Fault<'crash'> = {
  kind: 'crash',
  times: 1,
  timesExhaustive: 1,
  says: 'the process dies between two steps, or right after a commit and before the answer; it restarts with an empty memory',
  offers: ({ world }) => offerSome(countDeaths(world), world, DEATHS),
}

/** Who dies, and right after which of its commits. */
interface Death {
  readonly process: SimulatedProcess
  readonly commit: PooledStep | undefined
}

const DEATHS: Making<Death, World, 'crash'> = {
  list: world => {
    const found: Death[] = world.processes.map(process => ({ process, commit: undefined }))
    for (const commit of world.steps()) {
      const process = committer(world, commit)
      if (process !== undefined) found.push({ process, commit })
    }
    return found
  },
  make: ({ process, commit }, world) =>
    commit === undefined
      ? { kind: 'crash', actor: process.name, label: 'crash', run: () => world.crash(process) }
      : crashAfter(world, process, commit),
}

function countDeaths(world: World): number {
  let count = world.processes.length
  for (const step of world.steps()) if (committer(world, step) !== undefined) count++
  return count
}

/** Whose write a step is, if it is a write. */
function committer(world: World, { about, process }: PooledStep): SimulatedProcess | undefined {
  if (about.kind !== 'commit') return undefined
  return world.processes.find(({ name }) => name === process)
}

function crashAfter(world: World, process: SimulatedProcess, commit: PooledStep): ActionOf<'crash'> {
  const { about } = commit
  return {
    kind: 'crash',
    actor: process.name,
    label: `${about.label}, then crash`,
    about,
    run: () => {
      world.pool.take(commit)
      // No answer: nothing of the process runs any more.
      commit.run({ kind: 'late', until: new Promise(() => {}) })
      world.crash(process)
    },
  }
}
