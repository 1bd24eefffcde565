import type { Deployment } from '../../api/index.js'
import { InvalidError, isKeelsonError } from '../../core/index.js'
import type { FailurePolicy } from '../../core/internal.js'
import type { Blocker } from '../blocker.js'
import { kubernetesProgram } from '../presets/kubernetes-rollout.js'
import type { Program } from '../program.js'

/** A strategy that says nothing that can be done, and why. */
export type InvalidStrategy = Extract<Blocker, { readonly kind: 'invalid' }>

/** What the strategy says; if it says nothing that can be done, why, and a program by which sizes are kept. */
export interface DeploymentProgram {
  readonly program: Program
  readonly invalid?: InvalidStrategy
}

/** Reads programs, once for each spec: a rollout takes many steps by the same one, and a status write keeps it. */
export function programReader(options: {
  readonly maxFailures?: number | undefined
  readonly dividesTraffic: boolean
}): (spec: Deployment['spec']) => DeploymentProgram {
  const known = new WeakMap<Deployment['spec'], DeploymentProgram>()
  return spec => {
    const before = known.get(spec)
    if (before !== undefined) return before
    const read = readProgram(spec, options)
    known.set(spec, read)
    return read
  }
}

function readProgram(
  spec: Deployment['spec'],
  { maxFailures, dividesTraffic }: Parameters<typeof programReader>[0],
): DeploymentProgram {
  const failure = { ...(maxFailures === undefined ? {} : { maxFailures }), ...policyOf(spec) }
  try {
    if (spec.strategy?.service !== undefined && !dividesTraffic) throw noTraffic(spec.strategy.service)
    return { program: kubernetesProgram(spec, failure) }
  } catch (error) {
    if (!isKeelsonError(error, 'Invalid')) throw error
    return { program: kubernetesProgram({}, failure), invalid: { kind: 'invalid', message: error.message } }
  }
}

function noTraffic(value: string): InvalidError {
  return serviceError(value, 'is not divided by this controller; make it with the option traffic')
}

/** What is wrong with a strategy whose Service has its traffic divided by another Deployment already. */
export function dividedBy(other: Deployment, { spec }: Deployment): InvalidStrategy {
  const message = `is divided by Deployment ${other.metadata.name}, which was there before`
  return { kind: 'invalid', message: serviceError(spec.strategy?.service, message).message }
}

/** What is wrong with a strategy whose Service is not there. */
export function withoutService({ spec }: Deployment): InvalidStrategy {
  const message = 'does not exist; create it, or take it out of the strategy'
  return { kind: 'invalid', message: serviceError(spec.strategy?.service, message).message }
}

function serviceError(value: string | undefined, message: string): InvalidError {
  return new InvalidError('strategy', [{ field: 'service', value, message }])
}

/** What a Deployment wants done about failures. */
export function policyOf({ onFailure = {} }: Deployment['spec']): FailurePolicy {
  return typeof onFailure === 'string' ? { action: onFailure } : onFailure
}
