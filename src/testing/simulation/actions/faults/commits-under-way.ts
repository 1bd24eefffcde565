import type { StepFate } from '../../../../core/index.js'
import type { ActionOf } from '../../world/action-of.js'
import { offerEach } from '../../world/action-of.js'
import type { PooledStep, StepPool } from '../../world/step-pool.js'
import type { Fault, Situation } from './fault.js'
import { noAnswer } from './no-answer.js'

/**
 * Something that may become of each write that was asked for and has not happened.
 *
 * @param besides how the trace calls it, after the label of the write
 */
export function ofCommits<Kind extends string>(
  kind: Kind,
  besides: string,
  fateOf: (step: PooledStep, pool: StepPool) => StepFate,
): Fault<Kind>['offers'] {
  const make = (step: PooledStep, { world: { pool } }: Situation): ActionOf<Kind> => {
    const { process, about } = step
    const run = (): void => {
      pool.take(step)
      step.run(fateOf(step, pool))
    }
    return { kind, actor: process, label: `${about.label}, ${besides}`, about, run }
  }
  return situation => offerEach(situation.world.pool.waitingTo('commit'), situation, make)
}

/** The same whether the write has happened or not: who hears it cannot know. */
export function unanswered({ about: { label } }: PooledStep): Error {
  return noAnswer(`the store did not answer: ${label}; read what has become of it, and try again`)
}
