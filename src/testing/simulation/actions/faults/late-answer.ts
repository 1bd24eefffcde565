import { offerEach } from '../../world/action-of.js'
import { commitsUnderWay } from './commits-under-way.js'
import type { Fault } from './fault.js'

export const lateAnswer: Fault<'lateAnswer'> = {
  kind: 'lateAnswer',
  times: 1,
  says: 'a write happens, and its writer hears of it much later',
  offers: situation =>
    offerEach(commitsUnderWay(situation), step => ({
      kind: 'lateAnswer',
      actor: step.process,
      label: `${step.about.label}, the answer is under way`,
      about: step.about,
      run: () => {
        situation.world.pool.take(step)
        step.run({ kind: 'late', until: situation.world.pool.answeredLater(step) })
      },
    })),
}
