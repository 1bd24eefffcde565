import type { Deployment } from '../../api/index.js'
import { formatTime } from '../../core/index.js'
import type { Transaction } from '../../store/index.js'
import { readMarks } from '../ledger-marks.js'
import type { Plan } from '../machine.js'
import type { GateTold, OpenQuestion } from './gate-runners.js'
import type { RevisionEntry } from './ledger.js'
import { markRevision } from './ledger.js'

/** Who answers in the name of a program. */
const BY = 'rollout'

/** The questions of a step, each with what makes it another one than before. */
export function openQuestions(
  { questions, state }: Plan,
  deployment: Deployment,
  entry: RevisionEntry,
): readonly OpenQuestion[] {
  const { name, namespace, uid } = deployment.metadata
  const { attempt } = aboutAnswers(entry, '', 0)
  return questions.map(question => ({
    ...question,
    deployment: { name, ...(namespace === undefined ? {} : { namespace }) },
    uid,
    entry: entry.number,
    template: entry.template,
    templateHash: entry.templateHash,
    waypoint: state.waypoint,
    attempt,
    answered: aboutAnswers(entry, question.gate, state.waypoint).answered,
  }))
}

/** Writes down the answers that belong to the entry as it is now; others come too late, and change nothing. */
export function noteAnswers(
  tx: Transaction,
  deployment: Deployment,
  current: RevisionEntry,
  { told, nowMs }: { readonly told: readonly GateTold[]; readonly nowMs: number },
): RevisionEntry {
  let entry = current
  for (const { question, answer, reason } of told) {
    const { gate, waypoint } = question
    const { attempt, answered } = aboutAnswers(entry, gate, waypoint)
    const isOpen =
      question.uid === deployment.metadata.uid &&
      question.entry === entry.number &&
      question.attempt === attempt &&
      question.answered === answered
    if (!isOpen) continue
    const said = reason === undefined ? {} : { reason }
    const mark = { verb: 'answer', by: BY, time: formatTime(nowMs), gate, answer, waypoint, ...said } as const
    entry = markRevision(tx, deployment, entry, mark)
  }
  return entry
}

function aboutAnswers(
  entry: RevisionEntry,
  gate: string,
  waypoint: number,
): { readonly attempt: number; readonly answered: number } {
  const { retries, answers } = readMarks(entry.marks)
  const said = answers.filter(answer => answer.gate === gate && answer.waypoint === waypoint)
  return { attempt: retries, answered: said.length }
}
