import type {
  Constraint,
  FieldProblem,
  LabelSelectorObject,
  ResourceInput,
  Toleration,
} from '../core/index.js'
import { compileConstraints, InvalidError, parseResources } from '../core/index.js'
import type { NodePreference, PlacementRules, RollingBounds, RolloutStops } from '../core/internal.js'
import {
  compileNodeSelector,
  deepEqual,
  labelSelectorFromObject,
  placementProblems,
  preferenceProblems,
  readProblems,
  rollingBoundsProblems,
  stopsProblems,
} from '../core/internal.js'
import type { AdmissionHook, ObjectInput } from '../store/index.js'

export interface NamedPort {
  readonly name?: string
  readonly hostPort?: number
  readonly protocol?: string
  readonly hostPortRange?: { readonly first: number; readonly last: number }
}

/** The part of a task's spec that is judged here. */
interface TaskDemands extends PlacementRules {
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly nodePreferences?: readonly NodePreference[]
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
  problems: (
    spec: Spec,
    previous: Spec | undefined,
    metadata: ObjectInput<Spec, Status>['metadata'],
  ) => readonly FieldProblem[],
): AdmissionHook<Spec, Status> {
  return {
    name: 'spec',
    phase: 'validate',
    handle: ({ object, previous }) => ({ problems: problems(object.spec, previous?.spec, object.metadata) }),
  }
}

/** @param hasSiblings whether rules about other tasks may do without a selector. Default true. */
export function taskProblems(
  spec: TaskDemands,
  previous: TaskDemands | undefined,
  at: string = 'spec',
  hasSiblings: boolean = true,
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
          ...sameHostPorts(ports, `${at}.ports`),
          ...ports.flatMap((port, index) => rangeProblems(port, `${at}.ports[${index}]`)),
        ]),
    ...(tolerations === previous?.tolerations ? [] : tolerationProblems(tolerations, `${at}.tolerations`)),
    ...nodeProblems(spec, previous, at),
    ...placementProblems(changedRules(spec, previous), `${at}.`, hasSiblings),
  ]
}

function nodeProblems(
  { nodeSelector, nodePreferences = [] }: TaskDemands,
  previous: TaskDemands | undefined,
  at: string,
): readonly FieldProblem[] {
  const isSame = nodeSelector === undefined || nodeSelector === previous?.nodeSelector
  return [
    ...(isSame
      ? []
      : readProblems(`${at}.nodeSelector`, nodeSelector, () =>
          compileNodeSelector({ matchLabels: nodeSelector }),
        )),
    ...(nodePreferences === previous?.nodePreferences
      ? []
      : preferenceProblems(nodePreferences, `${at}.nodePreferences`)),
  ]
}

function changedRules(spec: TaskDemands, previous: TaskDemands | undefined): PlacementRules {
  const { affinity, spread, devices, volumes } = spec
  return {
    ...(affinity === undefined || affinity === previous?.affinity ? {} : { affinity }),
    ...(spread === undefined || spread === previous?.spread ? {} : { spread }),
    ...(devices === undefined || devices === previous?.devices ? {} : { devices }),
    ...(volumes === undefined || volumes === previous?.volumes ? {} : { volumes }),
  }
}

function sameHostPorts(ports: readonly NamedPort[], at: string): readonly FieldProblem[] {
  const first = new Map<string, number>()
  return ports.flatMap(({ hostPort, protocol = 'TCP' }, index) => {
    if (hostPort === undefined) return []
    const other = first.get(`${hostPort}/${protocol}`)
    if (other === undefined) first.set(`${hostPort}/${protocol}`, index)
    return other === undefined
      ? []
      : [{ field: `${at}[${index}].hostPort`, value: hostPort, message: `is that of ${at}[${other}] too` }]
  })
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
  const ofAll = readProblems(at, constraints, () => compileConstraints(constraints))
  if (ofAll.length === 0) return []
  const ofEach = constraints.flatMap((constraint, index) =>
    readProblems(`${at}[${index}]`, constraint, () => compileConstraints([constraint])),
  )
  return ofEach.length === 0 ? ofAll : ofEach
}

function amountProblems(amounts: ResourceInput | undefined, at: string): readonly FieldProblem[] {
  if (amounts === undefined) return []
  const message = 'must be left out: every task counts as one by itself'
  const own = Object.hasOwn(amounts, 'pods') ? [{ field: `${at}.pods`, value: amounts['pods'], message }] : []
  return [...own, ...readProblems(at, amounts, () => parseResources(amounts))]
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
  return readProblems('spec.selector', selector, () => {
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
