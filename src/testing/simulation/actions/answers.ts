import { KeelsonError } from '../../../core/index.js'
import type { PooledStep } from '../world/step-pool.js'
import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** Each commit under way may happen without its writer hearing of it. */
export function lostAnswers({ world }: Situation): readonly Action[] {
  return commits({ world }).map(step => ({
    kind: 'loseAnswer',
    actor: step.process,
    label: `${step.about.label}, the answer is lost`,
    about: step.about,
    run: () => {
      world.pool.take(step)
      step.run({ kind: 'lost', error: unavailable(step) })
    },
  }))
}

/** Each commit under way may be refused. */
export function refusals({ world }: Situation): readonly Action[] {
  return commits({ world }).map(step => ({
    kind: 'refuse',
    actor: step.process,
    label: `${step.about.label}, refused`,
    about: step.about,
    run: () => {
      world.pool.take(step)
      step.run({ kind: 'refused', error: unavailable(step) })
    },
  }))
}

/** Each commit under way may be answered when everything else has happened. */
export function lateAnswers({ world }: Situation): readonly Action[] {
  return commits({ world }).map(step => ({
    kind: 'lateAnswer',
    actor: step.process,
    label: `${step.about.label}, the answer is under way`,
    about: step.about,
    run: () => {
      world.pool.take(step)
      step.run({ kind: 'late', until: world.pool.heardLater(step) })
    },
  }))
}

function commits({ world }: Pick<Situation, 'world'>): readonly PooledStep[] {
  return world.pool.waiting().filter(({ about }) => about.kind === 'commit')
}

/** The same for both: who hears it cannot know whether the write has happened. */
function unavailable({ about: { label } }: PooledStep): Error {
  return new KeelsonError({
    code: 'Unavailable',
    message: `the store did not answer: ${label}; read what has become of it, and try again`,
  })
}
