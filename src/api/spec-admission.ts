import type {
  Constraint,
  FieldProblem,
  LabelSelectorObject,
  ResourceInput,
  Toleration,
} from '../core/index.js'
import { compileConstraints, InvalidError, isKeelsonError, parseResources } from '../core/index.js'
import type { RollingBounds, RolloutStops } from '../core/internal.js'
import { deepEqual, labelSelectorFromObject, rollingBoundsProblems, stopsProblems } from '../core/internal.js'
import type { AdmissionHook } from '../store/index.js'

export interface NamedPort {
  readonly name?: string
  readonly hostPortRange?: { readonly first: number; readonly last: number }
}

/** The part of a task's spec that is judged here. */
interface TaskDemands {
  readonly resources?: { readonly requests?: ResourceInput; readonly limits?: ResourceInput }
  readonly constraints?: readonly Constraint[]
  readonly ports?: readonly NamedPort[]
  readonly tolerations?: readonly Toleration[]
}

/** The part of the spec of a kind that makes tasks. */
export interface TaskMaker {
  readonly selector: LabelSelectorObject
  readonly template: {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }
    readonly spec: TaskDemands
  }
}

/**
 * A hook that judges what a schema cannot say: amounts that can be read, constraints that can be compiled, selectors that
 * select, ports that can be told apart. What is the same as before was judged then, so an update pays for its changes.
 */
export function specAdmission<Spec, Status>(
  problems: (spec: Spec, previous: Spec | undefined) => readonly FieldProblem[],
): AdmissionHook<Spec, Status> {
  return {
    name: 'spec',
    phase: 'validate',
    handle: ({ object, previous }) => ({ problems: problems(object.spec, previous?.spec) }),
  }
}

export function taskProblems(
  spec: TaskDemands,
  previous: TaskDemands | undefined,
  at: string = 'spec',
): readonly FieldProblem[] {
  if (spec === previous) return []
  const { resources, constraints = [], ports = [], tolerations = [] } = spec
  return [
    ...(resources === undefined || resources === previous?.resources
      ? []
      : [
          ...amountProblems(resources.requests, `${at}.resources.requests`),
          ...amountProblems(resources.limits, `${at}.resources.limits`),
        ]),
    ...(constraints.length === 0 || constraints === previous?.constraints
      ? []
      : constraintProblems(constraints, `${at}.constraints`)),
    ...(ports === previous?.ports
      ? []
      : [
          ...sameNames(ports, `${at}.ports`),
          ...ports.flatMap((port, index) => rangeProblems(port, `${at}.ports[${index}]`)),
        ]),
    ...(tolerations === previous?.tolerations ? [] : tolerationProblems(tolerations, `${at}.tolerations`)),
  ]
}

function tolerationProblems(tolerations: readonly Toleration[], at: string): readonly FieldProblem[] {
  return tolerations.flatMap(({ effect, tolerationSeconds }, index) => {
    if (tolerationSeconds === undefined || effect === 'NoExecute') return []
    const message = 'has a meaning for the effect NoExecute only: set that, or leave it out'
    return [{ field: `${at}[${index}].tolerationSeconds`, value: tolerationSeconds, message }]
  })
}

function rangeProblems({ hostPortRange: range }: NamedPort, at: string): readonly FieldProblem[] {
  if (range === undefined || range.first <= range.last) return []
  return [{ field: `${at}.hostPortRange`, value: range, message: 'must begin with the lower port' }]
}

/** As of a task, of the template; and the selector must select what is made of it. */
export function templateProblems(spec: TaskMaker, previous: TaskMaker | undefined): readonly FieldProblem[] {
  return [
    ...taskProblems(spec.template.spec, previous?.template.spec, 'spec.template.spec'),
    ...selectorProblems(spec, previous),
  ]
}

/** The part of a Deployment's spec that says how it is rolled out. */
interface RollingSpec extends TaskMaker {
  readonly strategy?: RolloutStops & { readonly type: string; readonly rollingUpdate?: RollingBounds }
  readonly minReadySeconds?: number
  readonly progressDeadlineSeconds?: number
}

/** As of any template; and a rollout must be able to move, and to become available before its deadline. */
export function rolloutProblems(
  spec: RollingSpec,
  previous: RollingSpec | undefined,
): readonly FieldProblem[] {
  return [
    ...templateProblems(spec, previous),
    ...strategyProblems(spec.strategy),
    ...deadlineProblems(spec, 'spec.progressDeadlineSeconds'),
  ]
}

function strategyProblems(strategy: RollingSpec['strategy']): readonly FieldProblem[] {
  if (strategy === undefined) return []
  const { type, rollingUpdate } = strategy
  const stops = stopsProblems(strategy, type === 'Recreate', 'spec.strategy')
  if (rollingUpdate === undefined) return stops
  const field = 'spec.strategy.rollingUpdate'
  const bounds =
    type === 'Recreate'
      ? [{ field, value: rollingUpdate, message: 'has no meaning for Recreate; leave it out' }]
      : rollingBoundsProblems(rollingUpdate, { at: `${field}.` })
  return [...bounds, ...stops]
}

export function deadlineProblems(
  {
    minReadySeconds = 0,
    progressDeadlineSeconds = 600,
  }: Pick<RollingSpec, 'minReadySeconds' | 'progressDeadlineSeconds'>,
  field: string,
): readonly FieldProblem[] {
  if (minReadySeconds < progressDeadlineSeconds) return []
  const message = `must be more than minReadySeconds, which is ${minReadySeconds}, or no task is available in time`
  return [{ field, value: progressDeadlineSeconds, message }]
}

/** Those of each constraint; of the set, when each by itself is right. */
function constraintProblems(constraints: readonly Constraint[], at: string): readonly FieldProblem[] {
  const ofAll = refusal(at, constraints, () => compileConstraints(constraints))
  if (ofAll.length === 0) return []
  const ofEach = constraints.flatMap((constraint, index) =>
    refusal(`${at}[${index}]`, constraint, () => compileConstraints([constraint])),
  )
  return ofEach.length === 0 ? ofAll : ofEach
}

function amountProblems(amounts: ResourceInput | undefined, at: string): readonly FieldProblem[] {
  return amounts === undefined ? [] : refusal(at, amounts, () => parseResources(amounts))
}

/** What `read` refuses, as problems of the field that it reads. */
export function refusal(field: string, value: unknown, read: () => unknown): readonly FieldProblem[] {
  try {
    read()
    return []
  } catch (error) {
    if (isKeelsonError(error, 'Invalid'))
      return error.details.problems.map(problem => ({ ...problem, field: pathOf(field, problem.field) }))
    if (isKeelsonError(error, 'OutOfRange')) return [{ field, value, message: error.message }]
    throw error
  }
}

function pathOf(at: string, field: string): string {
  return field === '' ? at : `${at}.${field}`
}

/** A selector that changes would leave behind what it has selected so far. */
function selectorProblems(
  { selector, template }: TaskMaker,
  previous: TaskMaker | undefined,
): readonly FieldProblem[] {
  if (selector === previous?.selector && template === previous.template) return []
  if (previous !== undefined && !deepEqual(selector, previous.selector)) {
    const message = 'is immutable, since tasks are found by it; make an object of another name'
    return [{ field: 'spec.selector', value: selector, message }]
  }
  return refusal('spec.selector', selector, () => {
    const labels = template.metadata?.labels ?? {}
    if (labelSelectorFromObject(selector).matches(labels)) return
    const message = `must match the labels of the template, which are ${JSON.stringify(labels)}`
    throw new InvalidError('selector', [{ field: '', value: selector, message }])
  })
}

export function sameNames(ports: readonly NamedPort[], at: string): readonly FieldProblem[] {
  const first = new Map<string, number>()
  return ports.flatMap(({ name }, index) => {
    if (name === undefined) return []
    const other = first.get(name)
    if (other === undefined) first.set(name, index)
    return other === undefined
      ? []
      : [{ field: `${at}[${index}].name`, value: name, message: `is the name of ${at}[${other}] too` }]
  })
}
