import { UsageError } from '../../core/index.js'
import type { AdmissionHook, AdmissionOperation, StoreAdmissionHook } from './admission.js'
import type { Kind } from './kind.js'
import type { StandardSchema } from './standard-schema.js'
import { isStandardSchema } from './standard-schema.js'

/** The hooks of one operation, in their order. */
export interface AdmissionSteps {
  readonly change: readonly AdmissionHook[]
  readonly validate: readonly AdmissionHook[]
}

/** What stands between a write to a kind and its commit. */
export interface AdmissionChain {
  readonly steps: Readonly<Record<AdmissionOperation, AdmissionSteps>>
  /** A schema that may take its time, and change what it looks at; a JSON Schema does neither. */
  readonly standard: StandardSchemaAdvisor | undefined
}

/** A standard schema with a name for errors. */
export interface StandardSchemaAdvisor {
  readonly name: string
  readonly schema: StandardSchema
}

const PHASES = ['default', 'mutate', 'validate'] as const
const OPERATIONS = ['create', 'update', 'updateStatus', 'delete'] as const

/**
 * The chain of a kind, or undefined when nothing is to be asked: such kinds pay nothing.
 *
 * @throws UsageError for a hook that could never work
 */
export function admissionChain(
  kind: Kind,
  storeHooks: readonly StoreAdmissionHook[],
): AdmissionChain | undefined {
  const ofStore = storeHooks.filter(
    ({ kinds }) => kinds === undefined || kinds.some(one => isSame(one, kind)),
  )
  const hooks: readonly AdmissionHook[] = [...kind.admission, ...ofStore]
  const { schema } = kind
  const standard = isStandardSchema(schema) ? { name: `schema of ${kind.kind}`, schema } : undefined
  if (hooks.length === 0 && standard === undefined) return undefined
  const names = new Set<string>()
  for (const hook of hooks) {
    assertHook(kind, hook)
    if (names.has(hook.name)) throw faulty(kind, hook, 'is declared twice; give each hook a name of its own')
    names.add(hook.name)
  }
  const of = (operation: AdmissionOperation): AdmissionSteps => stepsOf(hooks, operation)
  const steps = {
    create: of('create'),
    update: of('update'),
    updateStatus: of('updateStatus'),
    delete: of('delete'),
  }
  return { steps, standard }
}

function stepsOf(hooks: readonly AdmissionHook[], operation: AdmissionOperation): AdmissionSteps {
  const asked = hooks.filter(({ operations = ['create', 'update'] }) => operations.includes(operation))
  const inPhase = (phase: AdmissionHook['phase']): AdmissionHook[] =>
    asked.filter(hook => hook.phase === phase)
  return { change: [...inPhase('default'), ...inPhase('mutate')], validate: inPhase('validate') }
}

function assertHook(kind: Kind, hook: AdmissionHook): void {
  const { name, phase, operations = [] } = hook
  if (typeof name !== 'string' || name === '') throw faulty(kind, hook, 'must have a name')
  if (!PHASES.includes(phase)) throw faulty(kind, hook, `must have one of the phases ${PHASES.join(', ')}`)
  const unknown = operations.find(operation => !OPERATIONS.includes(operation))
  if (unknown !== undefined)
    throw faulty(kind, hook, `knows no operation ${String(unknown)}, only ${OPERATIONS.join(', ')}`)
  if (operations.includes('delete') && phase !== 'validate')
    throw faulty(kind, hook, 'cannot change what is deleted; move it to the phase validate')
}

function faulty(kind: Kind, { name }: AdmissionHook, fault: string): UsageError {
  return new UsageError(`admission hook "${name}" of kind ${kind.kind} ${fault}`, {
    kind: kind.kind,
    hook: name,
  })
}

function isSame(a: Kind, b: Kind): boolean {
  return a === b || (a.kind === b.kind && a.apiVersion === b.apiVersion)
}
