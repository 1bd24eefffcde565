import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** Each watch that has something to say may fall silent for a while. */
export function freezes({ world }: Situation): readonly Action[] {
  const steps = world.pool.waiting().filter(({ about }) => about.kind === 'deliver')
  return steps.map(step => ({
    kind: 'freeze',
    actor: step.process,
    label: `${step.about.label}, held back`,
    run: () => world.pool.hold(step),
  }))
}
