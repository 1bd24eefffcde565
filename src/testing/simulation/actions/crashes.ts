import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** Each process may die now, or right after each commit that it has under way. */
export function crashes({ world }: Situation): readonly Action[] {
  const { pool, processes } = world
  const found: Action[] = processes.map(process => ({
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
        // Nobody goes on when the answer comes.
        step.run({ kind: 'late', until: new Promise(() => {}) })
        world.crash(process)
      },
    })
  }
  return found
}
