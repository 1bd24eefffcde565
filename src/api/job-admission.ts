import type { Condition, FieldProblem } from '../core/index.js'
import { isConditionTrue } from '../core/index.js'
import { compileCron, deepEqual, IndexRanges, readProblems } from '../core/internal.js'
import { JOB_INDEXES_MAX } from './job-schemas.js'
import type { JobFailureRule, JobSpec } from './job-spec.js'
import { taskProblems } from './spec-admission.js'

/** What one job counts by must not change while it counts; see `isResized` for `completions`. */
const IMMUTABLE = [
  'completions',
  'completionMode',
  'backoffLimitPerIndex',
  'podFailurePolicy',
  'successPolicy',
  'restartPolicy',
] as const

/** The part of a CronJob's spec that is judged here. */
interface JobMaker {
  readonly schedule: string
  readonly timeZone?: string
  readonly jobTemplate: { readonly spec: JobSpec }
}

/** What the schema of a Job cannot say. */
export function jobProblems(spec: JobSpec, previous: JobSpec | undefined): readonly FieldProblem[] {
  return spec === previous ? [] : [...problemsOfJob(spec, previous, 'spec'), ...changes(spec, previous)]
}

/** Conditions of a job for which nothing more is begun. */
const DECIDED = ['SuccessCriteriaMet', 'FailureTarget', 'Complete', 'Failed'] as const

/** A job that ends, or has ended, stays so: more completions would be accepted and never begun. */
export function endedJobProblems(
  { completions }: JobSpec,
  previous: JobSpec,
  conditions: readonly Condition[] = [],
): readonly FieldProblem[] {
  const decided = DECIDED.find(type => isConditionTrue(conditions, type))
  if (decided === undefined || completions === previous.completions) return []
  const message = `does not change once the job is ${decided}: no index begins any more; make a job of another name`
  return [{ field: 'spec.completions', value: completions, message }]
}

/** As of the jobs that it makes; and its schedule must be one that fires. */
export function cronJobProblems(spec: JobMaker, previous: JobMaker | undefined): readonly FieldProblem[] {
  const { schedule, timeZone, jobTemplate } = spec
  const isSame = schedule === previous?.schedule && timeZone === previous.timeZone
  const zone = timeZone === undefined ? {} : { timeZone }
  return [
    ...(isSame ? [] : readProblems('spec', spec, () => compileCron({ schedule, ...zone }))),
    ...problemsOfJob(jobTemplate.spec, previous?.jobTemplate.spec, 'spec.jobTemplate.spec'),
  ]
}

function problemsOfJob(spec: JobSpec, previous: JobSpec | undefined, at: string): readonly FieldProblem[] {
  if (spec === previous) return []
  return [
    ...taskProblems(spec.template.spec, previous?.template.spec, `${at}.template.spec`),
    ...hostnameProblems(spec, at),
    ...indexProblems(spec, at),
    ...failureRuleProblems(spec, at),
    ...successRuleProblems(spec, at),
  ]
}

function hostnameProblems({ template }: JobSpec, at: string): readonly FieldProblem[] {
  const { hostname } = template.spec
  if (hostname === undefined) return []
  const message = 'is made of the name of the job and the index; leave it out'
  return [{ field: `${at}.template.spec.hostname`, value: hostname, message }]
}

function indexProblems(spec: JobSpec, at: string): readonly FieldProblem[] {
  const { completionMode, completions, backoffLimitPerIndex, maxFailedIndexes, successPolicy } = spec
  const problems: FieldProblem[] = []
  if (completionMode === 'Indexed') {
    if (completions === undefined || completions > JOB_INDEXES_MAX) {
      const message = `must be given for completionMode Indexed, and at most ${JOB_INDEXES_MAX}`
      problems.push({ field: `${at}.completions`, value: completions, message })
    }
  } else
    for (const [field, value] of Object.entries({ backoffLimitPerIndex, successPolicy }))
      if (value !== undefined) {
        const message = 'is about indexes; set completionMode: Indexed, or leave it out'
        problems.push({ field: `${at}.${field}`, value, message })
      }
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined) {
    const message = 'has no meaning without backoffLimitPerIndex: no index fails by itself'
    problems.push({ field: `${at}.maxFailedIndexes`, value: maxFailedIndexes, message })
  }
  return problems
}

function failureRuleProblems(spec: JobSpec, at: string): readonly FieldProblem[] {
  const { podFailurePolicy, backoffLimitPerIndex } = spec
  return (podFailurePolicy?.rules ?? []).flatMap((rule, index) => {
    const field = `${at}.podFailurePolicy.rules[${index}]`
    return failureRuleFault(rule, backoffLimitPerIndex).map(fault => ({
      ...fault,
      field: field + fault.field,
    }))
  })
}

function failureRuleFault(
  rule: JobFailureRule,
  backoffLimitPerIndex: number | undefined,
): readonly FieldProblem[] {
  const { action, onExitCodes, onPodConditions } = rule
  const problems: FieldProblem[] = []
  if ((onExitCodes === undefined) === (onPodConditions === undefined))
    problems.push({ field: '', value: rule, message: 'must have either onExitCodes or onPodConditions' })
  if (onExitCodes?.operator === 'In' && onExitCodes.values.includes(0)) {
    const message = 'must not hold 0 for the operator In: a task that ends with 0 has succeeded'
    problems.push({ field: '.onExitCodes.values', value: onExitCodes.values, message })
  }
  if (action === 'FailIndex' && backoffLimitPerIndex === undefined) {
    const message = 'FailIndex has no meaning without backoffLimitPerIndex; set that, or use FailJob'
    problems.push({ field: '.action', value: action, message })
  }
  return problems
}

function successRuleProblems(spec: JobSpec, at: string): readonly FieldProblem[] {
  const { successPolicy, completions = 0 } = spec
  return (successPolicy?.rules ?? []).flatMap(({ succeededIndexes, succeededCount }, index) => {
    const field = `${at}.successPolicy.rules[${index}]`
    if (succeededIndexes === undefined && succeededCount === undefined) {
      const message = 'must have succeededIndexes, succeededCount, or both'
      return [{ field, value: {}, message }]
    }
    let countMax = completions
    const unreadable = readProblems(`${field}.succeededIndexes`, succeededIndexes, () => {
      if (succeededIndexes !== undefined) countMax = IndexRanges.parse(succeededIndexes, completions).size
    })
    if (unreadable.length > 0 || (succeededCount ?? 0) <= countMax) return unreadable
    const message = `must be at most ${countMax}, or it is never met`
    return [{ field: `${field}.succeededCount`, value: succeededCount, message }]
  })
}

/** Whether all indexes run at once, so that their number may change: Kubernetes' elastic indexed jobs. */
function isResized({ completionMode, completions, parallelism = 1 }: JobSpec): boolean {
  return completionMode === 'Indexed' && completions === parallelism
}

function changes(spec: JobSpec, previous: JobSpec | undefined): readonly FieldProblem[] {
  if (previous === undefined) return []
  const problems = IMMUTABLE.flatMap(name => {
    if (deepEqual(spec[name], previous[name]) || (name === 'completions' && isResized(spec))) return []
    const message =
      name === 'completions' && spec.completionMode === 'Indexed'
        ? 'is immutable, unless spec.parallelism is the same number; make a job of another name'
        : 'is immutable, since the job counts by it; make a job of another name'
    return [{ field: `spec.${name}`, value: spec[name], message }]
  })
  if (spec.template === previous.template || previous.suspend === true) return problems
  if (deepEqual(spec.template, previous.template)) return problems
  const message = 'changes only while the job is suspended'
  return [...problems, { field: 'spec.template', value: spec.template, message }]
}
