import { InvalidError } from '../../../core/index.js'
import { assertValid } from '../../../core/internal.js'
import type { Invariant, Scope } from './invariant.js'
import type { Predicate } from './predicate.js'
import { placeOf, whatThereIs, whyNot } from './predicate.js'
import type { StepView } from './step-view.js'

/** How soon something must come about. Default: before the world is at rest. */
export interface Deadline extends Scope {
  /** Virtual milliseconds. Steps take one each, and a `delay` lets time pass while steps wait. */
  readonly withinMs?: number
  /** Steps of anybody. */
  readonly withinSteps?: number
}

/** `holds` after each step of every execution, whoever took it. */
export function always(name: string, holds: Predicate, scope: Scope = {}): Invariant {
  const step = (view: StepView): string | undefined => located(whyNot(holds, view), view)
  return { name, ...scope, begin: () => ({ step }) }
}

/** After no step `happens` is true, or says what there is. */
export function never(name: string, happens: Predicate, scope: Scope = {}): Invariant {
  const step = (view: StepView): string | undefined => located(whatThereIs(happens, view), view)
  return { name, ...scope, begin: () => ({ step }) }
}

/** `holds` whenever the world is at rest with the objects as given; with another scope, with them deleted. */
export function atRest(name: string, holds: Predicate, { endings = 'kept' }: Scope = {}): Invariant {
  return { name, endings, begin: () => ({ rest: view => whyNot(holds, view) }) }
}

/**
 * `holds` after some step before the world is at rest, and in time. Every execution comes to rest, so nothing that can
 * happen is put off indefinitely.
 *
 * @throws InvalidError for an invalid deadline: not a number ≥ 0
 */
export function eventually(name: string, holds: Predicate, deadline: Deadline = {}): Invariant {
  return leadsTo(name, ({ steps }) => steps === 1, holds, deadline)
}

/**
 * Whenever `from` holds, `to` holds then or later: before the world is at rest, and in time, counted from when
 * it was first owed. As long as `from` holds it is owed again after each time that `to` has held.
 *
 * @throws InvalidError for an invalid deadline: not a number ≥ 0
 */
export function leadsTo(
  name: string,
  from: (view: StepView) => boolean,
  to: Predicate,
  deadline: Deadline = {},
): Invariant {
  const { endings = 'kept', withinMs = Infinity, withinSteps = Infinity } = deadline
  assertDeadline(name, { withinMs, withinSteps })
  const begin: Invariant['begin'] = () => {
    let owed: StepView | undefined
    const step = (view: StepView): string | undefined => {
      const { timeMs, steps } = view
      if (owed !== undefined && (timeMs - owed.timeMs > withinMs || steps - owed.steps > withinSteps))
        return `not in time, owed since ${placeOf(owed)}`
      const isOwed = owed !== undefined || from(view)
      if (isOwed) owed = whyNot(to, view) === undefined ? undefined : (owed ?? view)
      return undefined
    }
    const rest = (view: StepView): string | undefined =>
      owed === undefined ? undefined : `${whyNot(to, view)}, owed since ${placeOf(owed)}`
    return { step, rest }
  }
  return { name, endings, begin }
}

/** `holds` after each step before the first after which `released` is true. That this comes about is another matter. */
export function until(
  name: string,
  holds: Predicate,
  released: (view: StepView) => boolean,
  scope: Scope = {},
): Invariant {
  const begin: Invariant['begin'] = () => {
    let isReleased = false
    const step = (view: StepView): string | undefined => {
      isReleased ||= released(view)
      return isReleased ? undefined : located(whyNot(holds, view), view)
    }
    return { step }
  }
  return { name, ...scope, begin }
}

/** Once `holds` is true after a step, it is so after each later one, whatever the user does. */
export function stable(name: string, holds: Predicate, scope: Scope = {}): Invariant {
  const begin: Invariant['begin'] = () => {
    let since: StepView | undefined
    const step = (view: StepView): string | undefined => {
      const why = whyNot(holds, view)
      if (why === undefined) since ??= view
      if (why === undefined || since === undefined) return undefined
      return `${located(why, view)}; it was so ${placeOf(since)}`
    }
    return { step }
  }
  return { name, ...scope, begin }
}

/**
 * `count` is never above `max`.
 *
 * @throws InvalidError unless `max` is a number
 */
export function bounded(
  name: string,
  count: (view: StepView) => number,
  max: number,
  scope: Scope = {},
): Invariant {
  if (Number.isNaN(max))
    throw new InvalidError(name, [{ field: 'max', value: max, message: 'must be a number' }])
  return always(name, view => withinMax(count(view), max), scope)
}

function withinMax(count: number, max: number): true | string {
  if (!Number.isNaN(count)) return count <= max || `${count}, above ${max}`
  throw new InvalidError('bounded', [{ field: 'count', value: count, message: 'must return a number' }])
}

function located(why: string | undefined, view: StepView): string | undefined {
  return why === undefined ? undefined : `${why}, ${placeOf(view)}`
}

function assertDeadline(name: string, deadline: Readonly<Record<string, number>>): void {
  const problems = Object.entries(deadline)
    .filter(([, value]) => !(value >= 0))
    .map(([field, value]) => ({ field, value, message: 'must be a number ≥ 0' }))
  assertValid(name, problems)
}
