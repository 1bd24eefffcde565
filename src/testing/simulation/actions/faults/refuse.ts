import { offerEach } from '../../world/action-of.js'
import { commitsUnderWay, unanswered } from './commits-under-way.js'
import type { Fault } from './fault.js'

export const refuse: Fault<'refuse'> = {
  kind: 'refuse',
  times: 1,
  says: 'a write does not happen, and its writer gets the same error: it cannot know which',
  offers: situation =>
    offerEach(commitsUnderWay(situation), step => ({
      kind: 'refuse',
      actor: step.process,
      label: `${step.about.label}, refused`,
      about: step.about,
      run: () => {
        situation.world.pool.take(step)
        step.run({ kind: 'refused', error: unanswered(step) })
      },
    })),
}
