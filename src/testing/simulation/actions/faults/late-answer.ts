import { ofCommits } from './commits-under-way.js'
import type { Fault } from './fault.js'

export const lateAnswer: Fault<'lateAnswer'> = {
  kind: 'lateAnswer',
  times: 1,
  says: 'a write happens, and its writer hears of it much later',
  offers: /* @__PURE__ */ ofCommits('lateAnswer', 'the answer is under way', (step, pool) => ({
    kind: 'late',
    until: pool.answeredLater(step),
  })),
}
