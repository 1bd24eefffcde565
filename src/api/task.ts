import type { Condition, Constraint, ResourceInput, Toleration } from '../core/index.js'
import type {
  DeviceRequest,
  NodePreference,
  Platform,
  TaskAffinity,
  TopologySpread,
  VolumeClaim,
} from '../core/internal.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import type { Probe } from './probe.js'
import { gateProblems } from './scheduling-gates.js'
import { specAdmission, taskProblems } from './spec-admission.js'
import { objectSchema, taskSpecSchema } from './spec-schemas.js'
import { taskStatusSchema } from './task-status-schema.js'

/** One environment variable. */
export interface EnvVar {
  readonly name: string
  readonly value: string
}

/** A port that a task listens on. */
export interface TaskPort {
  /** Unique within the task; what a Service's `targetPort` may name. */
  readonly name?: string
  /** The port inside the task's own network; 0 lets the runtime choose. */
  readonly containerPort: number
  readonly protocol?: 'TCP' | 'UDP'
  /** A fixed port of the node; at most one task per node may hold it. */
  readonly hostPort?: number
  /** The scheduler gives it a port of the node from this range, and writes it to `hostPort` when it binds the task. */
  readonly hostPortRange?: { readonly first: number; readonly last: number }
}

/** What a task should run, and where it may. */
export interface TaskSpec {
  /** The node that runs the task; written once, by a scheduler. */
  readonly nodeName?: string
  /** The label of the task's own name below its service; one DNS label. Default: made from its address. */
  readonly hostname?: string
  /** Passed to the runtime as it is. */
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly ports?: readonly TaskPort[]
  /** Amounts by resource name, for example `{ cpu: '500m', memory: '64Mi' }`. */
  readonly resources?: { readonly requests?: ResourceInput; readonly limits?: ResourceInput }
  /** Until it succeeds once, the task is not ready and the other two wait. Failing ends the task, to be replaced. */
  readonly startupProbe?: Probe
  /** Failing takes the task out of its services. */
  readonly readinessProbe?: Probe
  /** Failing ends the task, to be replaced. */
  readonly livenessProbe?: Probe
  /** Labels that the node must have. */
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly tolerations?: readonly Toleration[]
  /**
   * Attribute constraints, any anchor's operators. Those on siblings (`unique`, `maxPer`, `cluster`, `groupBy`) look
   * at the tasks of the same `group`.
   */
  readonly constraints?: readonly Constraint[]
  /** Nodes that it would rather have, or rather not; only labels and the name are looked at. */
  readonly nodePreferences?: readonly NodePreference[]
  /** The platforms that it runs on; any one of them will do. Default: every platform. */
  readonly platforms?: readonly Platform[]
  /** Which tasks it wants near it, and which it keeps away. */
  readonly affinity?: readonly TaskAffinity[]
  /** How evenly tasks are to be spread. */
  readonly spread?: readonly TopologySpread[]
  /**
   * Who comes first when there is not room for all: the larger. A whole number from −2,147,483,648 to
   * 2,147,483,647. Default 0. Equals go by creation.
   */
  readonly priority?: number
  /** The `PriorityClass` whose value `priority` is; read by `priorityAdmission`, when the task is made. */
  readonly priorityClassName?: string
  /** `Never`: it waits for room, and others with less priority keep theirs. Default `PreemptLowerPriority`. */
  readonly preemptionPolicy?: 'PreemptLowerPriority' | 'Never'
  /**
   * While there is one, no scheduler looks at the task. Whoever put a gate up takes it away when what it waits for is there,
   * such as quota or a volume. Gates can be taken away, not added.
   */
  readonly schedulingGates?: readonly { readonly name: string }[]
  /** Which scheduler is to place the task. Default: the one without a `schedulerName`. */
  readonly schedulerName?: string
  /** Tasks of one namespace that name the same group are siblings. Default: the uid of the controlling owner. */
  readonly group?: string
  /**
   * Tasks of one namespace that name the same gang are placed together: none of them until `minMembers` of them have a
   * node or get one in the same commit. Where members differ, the largest number counts. At least 1.
   */
  readonly gang?: { readonly name: string; readonly minMembers: number }
  /** Devices of its node by kind and attributes; counted in the requests, too, when they do not name the kind. */
  readonly devices?: readonly DeviceRequest[]
  /** Volumes that it needs where it runs. Whoever provides volumes knows where each can be reached, and says so here. */
  readonly volumes?: readonly VolumeClaim[]
  /** The devices that it has; written once, by the scheduler that binds it. */
  readonly assignedDevices?: readonly {
    readonly kind: string
    readonly ids: readonly string[]
    /** How much of each it has. Default 1. */
    readonly share?: number
  }[]
  /** Seconds between the polite stop signal and the hard one. Default 30. */
  readonly terminationGracePeriodSeconds?: number
  /**
   * Whether another takes its place while its node is silent, although it may run there still. With false its object stays,
   * on its way out, until the node says that it has stopped, is removed, or has the taint
   * `keelson.dev/out-of-service:NoExecute`. Default true; false for the tasks of a StatefulSet.
   */
  readonly replaceWhenLost?: boolean
}

/** Where a task's port can be reached. */
export interface TaskPortStatus {
  readonly name?: string
  readonly containerPort: number
  /** The port on `status.address`. */
  readonly hostPort: number
  readonly protocol: 'TCP' | 'UDP'
}

/** `Pending` and `Running` are alive, the others final. */
export type TaskPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/** What became of a task. Conditions: `Scheduled` (by the scheduler), `Ready` (by its node). */
export interface TaskStatus {
  readonly phase?: TaskPhase
  readonly conditions?: readonly Condition[]
  readonly address?: string
  readonly ports?: readonly TaskPortStatus[]
  /** RFC 3339. */
  readonly startTime?: string
  readonly finishTime?: string
  readonly exitCode?: number
  readonly reason?: string
  readonly message?: string
}

/** The annotation of tasks that holds the name of the job that made them. */
export const JOB_NAME_ANNOTATION = 'keelson.dev/job-name'

/** The annotation of tasks of an indexed job that holds their index. */
export const JOB_INDEX_ANNOTATION = 'keelson.dev/job-completion-index'

/** The Cell that a task is held for. */
export const CELL_NAME_ANNOTATION = 'keelson.dev/cell-name'

export type Task = StoredObject<TaskSpec, TaskStatus>

/** A running unit: what others call pod, allocation or instance. It is never restarted, only replaced. */
export const Task: Kind<TaskSpec, TaskStatus, 'Task'> = /* @__PURE__ */ defineKind<
  TaskSpec,
  TaskStatus,
  'Task'
>({
  apiVersion: 'v1',
  kind: 'Task',
  plural: 'tasks',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(taskSpecSchema, taskStatusSchema),
  admission: [
    /* @__PURE__ */ specAdmission<TaskSpec, TaskStatus>((spec, previous, { ownerReferences }) => [
      ...taskProblems(
        spec,
        previous,
        'spec',
        spec.group !== undefined || ownerReferences?.some(isController) === true,
      ),
      ...gateProblems(spec, previous),
    ]),
  ],
  indexes: {
    node: task => task.spec.nodeName ?? '',
    controller: task => task.metadata.ownerReferences.find(owner => owner.controller)?.uid,
    job: task => task.metadata.annotations[JOB_NAME_ANNOTATION],
    cell: task => task.metadata.annotations[CELL_NAME_ANNOTATION],
  },
})

function isController({ controller }: { readonly controller?: boolean }): boolean {
  return controller === true
}

/** True when the task has ended, whichever way. */
export function isTaskFinished(task: Task): boolean {
  return task.status?.phase === 'Succeeded' || task.status?.phase === 'Failed'
}

/** Active: neither ended nor on its way out. */
export function isTaskActive(task: Task): boolean {
  return task.metadata.deletionTimestamp === undefined && !isTaskFinished(task)
}

/** The label of tasks and sets that holds the hash of the template that they were made from. */
export const TEMPLATE_HASH_LABEL = 'keelson.dev/template-hash'

/** What a controller stamps tasks from. */
export interface TaskTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: TaskSpec
}
