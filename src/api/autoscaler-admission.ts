import type { FieldProblem } from '../core/index.js'
import { isKeelsonError, parseQuantity } from '../core/index.js'

/** The part of a target that is judged here. */
interface TargetDemands {
  readonly type: 'Utilization' | 'AverageValue' | 'Value'
  readonly averageUtilization?: number
  readonly averageValue?: number | string
  readonly value?: number | string
}

/** The part of a metric that is judged here. */
interface MetricDemands {
  readonly type: 'Resource' | 'Pods' | 'Object' | 'External'
  readonly resource?: { readonly target: TargetDemands }
  readonly pods?: { readonly target: TargetDemands }
  readonly object?: { readonly target: TargetDemands }
  readonly external?: { readonly target: TargetDemands }
}

/** The part of an autoscaler's spec that is judged here. */
interface AutoscalerDemands {
  readonly minReplicas?: number
  readonly maxReplicas: number
  readonly metrics: readonly MetricDemands[]
}

const MEMBERS = { Resource: 'resource', Pods: 'pods', Object: 'object', External: 'external' } as const
const AMOUNTS = { Utilization: 'averageUtilization', AverageValue: 'averageValue', Value: 'value' } as const
const TARGETS: Readonly<Record<MetricDemands['type'], readonly TargetDemands['type'][]>> = {
  Resource: ['Utilization', 'AverageValue'],
  Pods: ['AverageValue'],
  Object: ['Value', 'AverageValue'],
  External: ['Value', 'AverageValue'],
}

/** What the schema of a HorizontalAutoscaler cannot say. */
export function autoscalerProblems(
  spec: AutoscalerDemands,
  previous: AutoscalerDemands | undefined,
): readonly FieldProblem[] {
  if (spec === previous) return []
  const { minReplicas = 1, maxReplicas, metrics } = spec
  const problems: FieldProblem[] = []
  if (minReplicas > maxReplicas) {
    const message = `must be at most maxReplicas, which is ${maxReplicas}`
    problems.push({ field: 'spec.minReplicas', value: minReplicas, message })
  }
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const message =
      'can be 0 only with a metric of type Object or External: no other is there without replicas'
    problems.push({ field: 'spec.minReplicas', value: 0, message })
  }
  return [...problems, ...metrics.flatMap((metric, at) => metricProblems(metric, `spec.metrics[${at}]`))]
}

function metricProblems(metric: MetricDemands, at: string): readonly FieldProblem[] {
  const wanted = MEMBERS[metric.type]
  const surplus = Object.values(MEMBERS).filter(name => name !== wanted && metric[name] !== undefined)
  const found = metric[wanted]
  if (found === undefined || surplus.length > 0) {
    const message = `must have ${wanted} and no other of ${Object.values(MEMBERS).join(', ')}, as its type says`
    return [{ field: at, value: metric, message }]
  }
  return targetProblems(found.target, TARGETS[metric.type], `${at}.${wanted}.target`)
}

function targetProblems(
  target: TargetDemands,
  allowed: readonly TargetDemands['type'][],
  at: string,
): readonly FieldProblem[] {
  if (!allowed.includes(target.type))
    return [{ field: `${at}.type`, value: target.type, message: `must be ${allowed.join(' or ')} here` }]
  const wanted = AMOUNTS[target.type]
  const surplus = Object.values(AMOUNTS).find(name => name !== wanted && target[name] !== undefined)
  if (surplus !== undefined)
    return [
      { field: `${at}.${surplus}`, value: target[surplus], message: `has no meaning for ${target.type}` },
    ]
  const amount = target[wanted]
  return isPositive(amount)
    ? []
    : [{ field: `${at}.${wanted}`, value: amount, message: 'must be a quantity above 0, such as 500m' }]
}

function isPositive(amount: number | string | undefined): boolean {
  if (amount === undefined) return false
  try {
    return parseQuantity(amount).nanos > 0n
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return false
    throw error
  }
}
