import type { PooledStep } from '../../world/step-pool.js'
import type { Situation } from './fault.js'
import { noAnswer } from './no-answer.js'

/** Writes that were asked for and have not happened. */
export function commitsUnderWay({ world }: Situation): readonly PooledStep[] {
  return world.pool.waitingTo('commit')
}

/** The same whether the write has happened or not: who hears it cannot know. */
export function unanswered({ about: { label } }: PooledStep): Error {
  return noAnswer(`the store did not answer: ${label}; read what has become of it, and try again`)
}
