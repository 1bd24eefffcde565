import type { ActionOf } from '../../world/action-of.js'
import { offerEach } from '../../world/action-of.js'
import type { SimulatedProcess } from '../../world/simulated-process.js'
import type { PooledStep } from '../../world/step-pool.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

export const crash: Fault<'crash'> = {
  kind: 'crash',
  times: 1,
  timesExhaustive: 1,
  says: 'the process dies between two steps, or right after a commit and before the answer; it restarts with an empty memory',
  offers: ({ world }) => {
    const found: Death[] = world.processes.map(process => ({ process, commit: undefined }))
    for (const commit of world.steps()) {
      if (commit.about.kind !== 'commit') continue
      const process = world.processes.find(({ name }) => name === commit.process)
      if (process !== undefined) found.push({ process, commit })
    }
    return offerEach(found, ({ process, commit }) =>
      commit === undefined
        ? { kind: 'crash', actor: process.name, label: 'crash', run: () => world.crash(process) }
        : crashAfter(world, process, commit),
    )
  },
}

/** Who dies, and right after which of its commits. */
interface Death {
  readonly process: SimulatedProcess
  readonly commit: PooledStep | undefined
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
