import type { FieldProblem } from '../core/index.js'
import type { IntOrPercent, RollingBounds } from '../core/internal.js'
import { rollingBoundsProblems } from '../core/internal.js'
import type { AdmissionHook } from '../store/index.js'
import type { SlotMode } from './slot-mode.js'
import { isSlotJob } from './slot-mode.js'
import type { TaskMaker } from './spec-admission.js'
import { deadlineProblems, templateProblems } from './spec-admission.js'

/** What is judged of a set, as of a Deployment: that a rollout can move, and arrive in time. */
interface SetDemands<Bounds> extends TaskMaker {
  readonly updateStrategy?: { readonly rollingUpdate?: Bounds }
  readonly minReadySeconds?: number
  readonly progressDeadlineSeconds?: number
}

const BOUNDS_AT = 'spec.updateStrategy.rollingUpdate.'

export function statefulProblems(
  spec: SetDemands<{ readonly maxUnavailable?: IntOrPercent }>,
  previous: TaskMaker | undefined,
): readonly FieldProblem[] {
  const { maxUnavailable } = spec.updateStrategy?.rollingUpdate ?? {}
  return [
    ...setProblems(spec, previous),
    ...(maxUnavailable === undefined
      ? []
      : rollingBoundsProblems({ maxSurge: 0, maxUnavailable }, { at: BOUNDS_AT })),
  ]
}

export function daemonProblems(
  spec: SetDemands<RollingBounds>,
  previous: TaskMaker | undefined,
): readonly FieldProblem[] {
  const { maxSurge = 0, maxUnavailable } = spec.updateStrategy?.rollingUpdate ?? {}
  const isNone = (value: IntOrPercent): boolean => value === 0 || value === '0%'
  const both =
    isNone(maxSurge) || maxUnavailable === undefined || isNone(maxUnavailable)
      ? []
      : [
          {
            field: `${BOUNDS_AT}maxUnavailable`,
            value: maxUnavailable,
            message: 'must be 0 or left out with maxSurge: the old task stays until the new one is available',
          },
        ]
  return [
    ...setProblems(spec, previous),
    ...rollingBoundsProblems(
      { maxSurge, maxUnavailable: maxUnavailable ?? (isNone(maxSurge) ? 1 : 0) },
      { at: BOUNDS_AT },
    ),
    ...both,
  ]
}

/** What only one mode has, and what no job has. */
interface SlotDemands extends SetDemands<RollingBounds> {
  readonly mode?: SlotMode
  readonly replicas?: number
  readonly totalCompletions?: number
  readonly maxConcurrent?: number
}

export function slotSetProblems(
  spec: SlotDemands,
  previous: SlotDemands | undefined,
): readonly FieldProblem[] {
  const { mode = 'replicated' } = spec
  const only = (
    field: 'replicas' | 'totalCompletions' | 'maxConcurrent',
    of: string,
  ): readonly FieldProblem[] =>
    spec[field] === undefined || mode === of
      ? []
      : [{ field: `spec.${field}`, value: spec[field], message: `is of the mode ${of} only; leave it out` }]
  const moved =
    previous === undefined || (previous.mode ?? 'replicated') === mode
      ? []
      : [{ field: 'spec.mode', value: mode, message: 'cannot be changed: make another SlotSet' }]
  return [
    ...moved,
    ...only('replicas', 'replicated'),
    ...only('totalCompletions', 'replicated-job'),
    ...only('maxConcurrent', 'replicated-job'),
    ...(isSlotJob(spec) && spec.updateStrategy !== undefined
      ? [
          {
            field: 'spec.updateStrategy',
            value: spec.updateStrategy,
            message: 'has no meaning for a job, which begins again; leave it out',
          },
        ]
      : []),
    ...daemonProblems(spec, previous),
  ]
}

function setProblems<Bounds>(
  spec: SetDemands<Bounds>,
  previous: TaskMaker | undefined,
): readonly FieldProblem[] {
  return [...templateProblems(spec, previous), ...deadlineProblems(spec, 'spec.progressDeadlineSeconds')]
}

/** With `-` and an ordinal of five digits it is still a DNS label. */
const NAME_LENGTH_MAX = 57
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/** Its tasks are called and known in DNS by its name and their ordinal. */
export const setNameAdmission: AdmissionHook<never, never> = {
  name: 'task-names',
  phase: 'validate',
  handle: ({ object: { metadata } }) => {
    const { name } = metadata
    if (name === undefined || (name.length <= NAME_LENGTH_MAX && NAME.test(name))) return { problems: [] }
    const message = `must be one DNS label of at most ${NAME_LENGTH_MAX} characters, as the hostnames of its tasks begin with it`
    return { problems: [{ field: 'metadata.name', value: name, message }] }
  },
}
