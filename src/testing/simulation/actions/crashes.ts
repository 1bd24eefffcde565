import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** Each process may die now, or right after each commit that it has under way. */
export function crashes({ world }: Situation): readonly Action[] {
  const now = world.processes.map(process => ({
    kind: 'crash' as const,
    actor: process.name,
    label: 'crash',
    run: () => world.crash(process),
  }))
  const after = world.pool
    .waiting()
    .filter(step => step.about.kind === 'commit')
    .flatMap(step =>
      world.processes
        .filter(({ name }) => name === step.process)
        .map(process => ({
          kind: 'crash' as const,
          actor: process.name,
          label: `${step.about.label}, then crash`,
          about: step.about,
          run: () => {
            world.pool.take(step)
            step.run()
            world.crash(process)
          },
        })),
    )
  return [...now, ...after]
}
