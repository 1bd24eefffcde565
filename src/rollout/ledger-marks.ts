import { parseTime } from '../core/index.js'
import type { LedgerMark } from '../core/internal.js'
import type { GateAnswer } from './gate.js'
import type { RolloutSpec } from './rollout-spec.js'

/** Marks of one entry; of more, the oldest go. */
const MARKS_MAX = 1_000

/** The marks with one more, of which at most 1,000 are kept. */
export function withMark(marks: readonly LedgerMark[], mark: LedgerMark): readonly LedgerMark[] {
  return [...marks, mark].slice(-MARKS_MAX)
}

/** What the marks of an entry say to the step that rolls it out. What was said before a retry is over. */
export function readMarks(
  marks: readonly LedgerMark[] = [],
): Required<Pick<RolloutSpec, 'answers' | 'promotedTo' | 'aborted' | 'retries'>> {
  const retry = marks.findLastIndex(({ verb }) => verb === 'retry')
  const since = marks.slice(retry + 1)
  return {
    retries: marks[retry]?.attempt ?? 0,
    aborted: since.some(({ verb }) => verb === 'abort'),
    promotedTo: Math.max(0, ...since.map(({ verb, waypoint = 0 }) => (verb === 'promote' ? waypoint : 0))),
    answers: since.flatMap(answerOf),
  }
}

const ANSWERS = { approve: 'pass', reject: 'fail' } as const

function answerOf({ verb, gate, answer, waypoint, by, reason, time }: LedgerMark): readonly GateAnswer[] {
  const said =
    verb === 'answer' ? answer : verb === 'approve' || verb === 'reject' ? ANSWERS[verb] : undefined
  if (said === undefined || gate === undefined) return []
  return [
    {
      gate,
      answer: said,
      by,
      atMs: parseTime(time),
      ...(waypoint === undefined ? {} : { waypoint }),
      ...(reason === undefined ? {} : { reason }),
    },
  ]
}

/** Tags that the entry has. */
export function tagsOf(marks: readonly LedgerMark[] = []): readonly string[] {
  const tags = new Set<string>()
  for (const { verb, tag = '' } of marks) {
    if (verb === 'tag') tags.add(tag)
    if (verb === 'untag') tags.delete(tag)
  }
  return [...tags]
}

/** Whether the entry is kept whatever the limit says. */
export function isPinned(marks: readonly LedgerMark[] = []): boolean {
  return marks.findLast(({ verb }) => verb === 'pin' || verb === 'unpin')?.verb === 'pin'
}
