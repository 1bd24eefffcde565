import { UsageError } from '../../../core/index.js'
import type { StepView } from './step-view.js'

/**
 * Looks at an execution right after a step and changes nothing: `true` when it holds; `false`, or a text that says what
 * is wrong, when it does not.
 */
export type Predicate = (view: StepView) => boolean | string

/**
 * Why `holds` does not hold; undefined when it does.
 *
 * @throws UsageError for any other answer; what `holds` throws
 */
export function whyNot(holds: Predicate, view: StepView): string | undefined {
  const answer = answerOf(holds, view)
  return answer === true ? undefined : answer === false ? 'not so' : answer
}

/** The opposite: what there is, if the answer is `true` or a text. */
export function whatThereIs(happens: Predicate, view: StepView): string | undefined {
  const answer = answerOf(happens, view)
  return answer === false ? undefined : answer === true ? 'it is so' : answer
}

/** Where that is, in words. */
export function placeOf({ timeMs, step }: StepView): string {
  return `at ${timeMs} ms, ${step.actor}: ${step.label}`
}

function answerOf(predicate: Predicate, view: StepView): boolean | string {
  const answer: unknown = predicate(view)
  if (typeof answer === 'boolean' || (typeof answer === 'string' && answer !== '')) return answer
  const what = answer instanceof Promise ? 'a promise' : JSON.stringify(answer)
  throw new UsageError(
    `a predicate answers true, false or a text that is not empty, and at once, not ${what}`,
  )
}
