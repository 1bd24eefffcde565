import { ofCommits, unanswered } from './commits-under-way.js'
import type { Fault } from './fault.js'

export const refuse: Fault<'refuse'> = {
  kind: 'refuse',
  times: 1,
  says: 'a write does not happen, and its writer gets the same error: it cannot know which',
  offers: /* @__PURE__ */ ofCommits('refuse', 'refused', step => ({
    kind: 'refused',
    error: unanswered(step),
  })),
}
