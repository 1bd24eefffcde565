import type { AdmissionHook, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { closed, flag, objectSchema, text } from './spec-schemas.js'

/** A priority with a name. */
export interface PriorityClassSpec {
  /** What `Task.spec.priority` becomes: at most 1,000,000,000, since more is the system's. Cannot be changed. */
  readonly value: number
  /** Whether tasks that name no class get this one; of several the one with the least value. Default false. */
  readonly globalDefault?: boolean
  /** Whether a task may take the room of others with less priority. Cannot be changed. Default `PreemptLowerPriority`. */
  readonly preemptionPolicy?: 'PreemptLowerPriority' | 'Never'
  /** For people: when to use it. */
  readonly description?: string
}

export type PriorityClass = StoredObject<PriorityClassSpec>

/** Names that begin so are the system's. */
const SYSTEM_PREFIX = 'system-'

/** As Kubernetes'. */
const VALUE_MIN = -2_147_483_648
const VALUE_MAX = 1_000_000_000

/** Classes that are there without an object, as in Kubernetes. */
export const SYSTEM_PRIORITIES: ReadonlyMap<string, PriorityClassSpec> = /* @__PURE__ */ new Map([
  ['system-cluster-critical', { value: 2_000_000_000 }],
  ['system-node-critical', { value: 2_000_001_000 }],
])

const classAdmission: AdmissionHook<PriorityClassSpec, never> = {
  name: 'priority-class',
  phase: 'validate',
  handle: ({ object: { metadata, spec }, previous }) => {
    if (metadata.name?.startsWith(SYSTEM_PREFIX) === true) {
      const message = `must not begin with ${SYSTEM_PREFIX}: those are there without an object`
      return { problems: [{ field: 'metadata.name', value: metadata.name, message }] }
    }
    if (previous === undefined) return { problems: [] }
    const message = 'cannot be changed, since tasks have copied it: make another class'
    return {
      problems: (['value', 'preemptionPolicy'] as const)
        .filter(field => spec[field] !== previous.spec[field])
        .map(field => ({ field: `spec.${field}`, value: spec[field], message })),
    }
  },
}

/** Priorities by name, which `priorityAdmission` writes into tasks as they are made. Of the whole cluster. */
export const PriorityClass: Kind<PriorityClassSpec, never, 'PriorityClass'> = /* @__PURE__ */ defineKind<
  PriorityClassSpec,
  never,
  'PriorityClass'
>({
  apiVersion: 'scheduling/v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  namespaced: false,
  schema: /* @__PURE__ */ objectSchema(
    /* @__PURE__ */ closed(
      {
        value: { type: 'integer', minimum: VALUE_MIN, maximum: VALUE_MAX },
        globalDefault: flag,
        preemptionPolicy: { enum: ['PreemptLowerPriority', 'Never'] },
        description: text,
      },
      ['value'],
    ),
  ),
  admission: [classAdmission],
})
