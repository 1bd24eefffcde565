import { offerEach } from '../../world/action-of.js'
import { commitsUnderWay, unanswered } from './commits-under-way.js'
import type { Fault } from './fault.js'

export const loseAnswer: Fault<'loseAnswer'> = {
  kind: 'loseAnswer',
  times: 1,
  says: 'a write happens, and its writer gets an error of code `Unavailable`',
  offers: situation =>
    offerEach(commitsUnderWay(situation), step => ({
      kind: 'loseAnswer',
      actor: step.process,
      label: `${step.about.label}, the answer is lost`,
      about: step.about,
      run: () => {
        situation.world.pool.take(step)
        step.run({ kind: 'lost', error: unanswered(step) })
      },
    })),
}
