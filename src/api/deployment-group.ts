import type { Condition, FieldProblem } from '../core/index.js'
import { isKeelsonError } from '../core/index.js'
import { dependencyLayers } from '../core/internal.js'
import type { Json, JsonSchema, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import type { DeploymentSpec } from './deployment.js'
import { deploymentSpecSchema } from './deployment-schema.js'
import { rolloutProblems, specAdmission } from './spec-admission.js'
import { closed, objectSchema } from './spec-schemas.js'

/** One application of a group. */
export interface DeploymentGroupMember {
  /** Name of its Deployment, in the namespace of the group. */
  readonly name: string
  /** That Deployment. `paused` stays as people set it unless it is given here. */
  readonly spec: DeploymentSpec
  /** Members that must have arrived before it starts to change, and that stop after it. Default: none. */
  readonly dependsOn?: readonly string[]
}

/** Deployments that change in the order in which they depend on one another. */
export interface DeploymentGroupSpec {
  /** At most 500. */
  readonly members: readonly DeploymentGroupMember[]
  /**
   * What follows when the rollout of a member fails. `stop`: nothing more changes; `continue`: the next members change
   * nevertheless; `revert`: those that have changed go back, in reverse. Default `stop`.
   */
  readonly onFailure?: 'stop' | 'continue' | 'revert'
  /** Whether a change begins at once while another one is under way, which then ends, or after it. Default `supersede`. */
  readonly onConflict?: 'supersede' | 'queue'
}

/** How the change of a group stands. Condition: `Progressing`. */
export interface DeploymentGroupStatus {
  readonly observedGeneration: number
  readonly phase: 'progressing' | 'succeeded' | 'stopped' | 'reverting' | 'reverted'
  /** Members that are waited for now; the first 100. */
  readonly waitsFor?: readonly string[]
  /** Members that have failed in this change. */
  readonly failed?: readonly string[]
  readonly conditions?: readonly Condition[]
  /** The controller's own record: where the change comes from and goes to. */
  readonly rollout?: Json
}

export type DeploymentGroup = StoredObject<DeploymentGroupSpec, DeploymentGroupStatus>

const MEMBERS_MAX = 500

const name: JsonSchema = { type: 'string', minLength: 1, maxLength: 253 }
const member: JsonSchema = /* @__PURE__ */ closed(
  { name, spec: deploymentSpecSchema, dependsOn: { type: 'array', items: name, maxItems: MEMBERS_MAX } },
  ['name', 'spec'],
)

/** Applications that depend on one another, as a group of Marathon. Its Deployments are owned by it, and go with it. */
export const DeploymentGroup: Kind<DeploymentGroupSpec, DeploymentGroupStatus, 'DeploymentGroup'> =
  /* @__PURE__ */ defineKind<DeploymentGroupSpec, DeploymentGroupStatus, 'DeploymentGroup'>({
    apiVersion: 'apps/v1',
    kind: 'DeploymentGroup',
    plural: 'deploymentgroups',
    namespaced: true,
    schema: /* @__PURE__ */ objectSchema(
      /* @__PURE__ */ closed(
        {
          members: { type: 'array', items: member, maxItems: MEMBERS_MAX },
          onFailure: { enum: ['stop', 'continue', 'revert'] },
          onConflict: { enum: ['supersede', 'queue'] },
        },
        ['members'],
      ),
    ),
    admission: [/* @__PURE__ */ specAdmission<DeploymentGroupSpec, DeploymentGroupStatus>(groupProblems)],
  })

/** Each member as a Deployment; and names that are there once, dependencies that are there, and no cycle. */
function groupProblems(
  { members }: DeploymentGroupSpec,
  previous: DeploymentGroupSpec | undefined,
): readonly FieldProblem[] {
  const names = members.map(({ name }) => name)
  const before = new Map(previous?.members.map(({ name, spec }) => [name, spec]))
  const ofMembers = members.flatMap(({ name, spec }, index) => {
    const at = `spec.members[${index}]`
    const inSpec = rolloutProblems(spec, before.get(name)).map(problem => ({
      ...problem,
      field: `${at}.${problem.field}`,
    }))
    const isTwice = names.indexOf(name) < index
    return isTwice ? [...inSpec, { field: `${at}.name`, value: name, message: 'is there twice' }] : inSpec
  })
  return [...ofMembers, ...orderProblems(members)]
}

function orderProblems(members: DeploymentGroupSpec['members']): readonly FieldProblem[] {
  try {
    dependencyLayers(new Map(members.map(({ name, dependsOn = [] }) => [name, dependsOn])))
    return []
  } catch (error) {
    if (!isKeelsonError(error, 'Invalid')) throw error
    return error.details.problems.map(problem => {
      const [name] = problem.field.split('.')
      const index = members.findIndex(one => one.name === name)
      return { ...problem, field: `spec.members[${index}].dependsOn` }
    })
  }
}
