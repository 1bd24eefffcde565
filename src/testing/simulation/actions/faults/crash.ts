import type { ActionOf } from '../../world/action-of.js'
import type { Fault } from './fault.js'

export const crash: Fault<'crash'> = {
  kind: 'crash',
  times: 1,
  timesExhaustive: 1,
  says: 'the process dies between two steps, or right after a commit and before the answer; it restarts with an empty memory',
  offers: ({ world }) => {
    const { pool, processes } = world
    const found: ActionOf<'crash'>[] = processes.map(process => ({
      kind: 'crash',
      actor: process.name,
      label: 'crash',
      run: () => world.crash(process),
    }))
    for (const step of world.steps()) {
      if (step.about.kind !== 'commit') continue
      const process = processes.find(({ name }) => name === step.process)
      if (process === undefined) continue
      found.push({
        kind: 'crash',
        actor: process.name,
        label: `${step.about.label}, then crash`,
        about: step.about,
        run: () => {
          pool.take(step)
          // No answer: nothing of the process runs any more.
          step.run({ kind: 'late', until: new Promise(() => {}) })
          world.crash(process)
        },
      })
    }
    return found
  },
}
