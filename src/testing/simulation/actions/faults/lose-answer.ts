import { ofCommits, unanswered } from './commits-under-way.js'
import type { Fault } from './fault.js'

export const loseAnswer: Fault<'loseAnswer'> = {
  kind: 'loseAnswer',
  times: 1,
  says: 'a write happens, and its writer gets an error of code `Unavailable`',
  offers: /* @__PURE__ */ ofCommits('loseAnswer', 'the answer is lost', step => ({
    kind: 'lost',
    error: unanswered(step),
  })),
}
