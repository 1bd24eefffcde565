import { parseTime } from '../core/index.js'
import type { LedgerMark } from '../core/internal.js'
import type { GateAnswer } from './gate.js'
import type { RolloutSpec } from './rollout-spec.js'

/** Marks of one entry; of more, the oldest go. */
const MARKS_MAX = 1_000

/**
 * The marks with one more, of which at most 1,000 are kept. The oldest go that say nothing any more; what holds until it
 * is taken back, such as a pin, a tag, or how often it was tried again, stays.
 */
export function withMark(marks: readonly LedgerMark[], mark: LedgerMark): readonly LedgerMark[] {
  const all = [...marks, mark]
  if (all.length <= MARKS_MAX) return all
  const held = standing(all)
  const oldest = all.findIndex(one => !held.has(one))
  return all.toSpliced(Math.max(0, oldest), 1)
}

/** The marks that still hold: the last of those that say the same of the entry, and the one that was just made. */
function standing(marks: readonly LedgerMark[]): ReadonlySet<LedgerMark> {
  const last = new Map<string, LedgerMark>()
  for (const mark of marks) {
    const { verb, tag = '' } = mark
    if (verb === 'tag') last.set(`tag ${tag}`, mark)
    if (verb === 'untag') last.delete(`tag ${tag}`)
    if (verb === 'pin') last.set('pin', mark)
    if (verb === 'unpin') last.delete('pin')
    if (verb === 'abort') last.set(verb, mark)
    if (verb === 'promote' && (mark.waypoint ?? 0) >= (last.get(verb)?.waypoint ?? 0)) last.set(verb, mark)
    if (verb === 'retry') {
      last.set(verb, mark)
      last.delete('abort')
      last.delete('promote')
    }
  }
  return new Set([...last.values(), ...marks.slice(-1)])
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
