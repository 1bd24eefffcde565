import type { Task, TaskTemplate } from '../../api/index.js'
import { isTaskFinished } from '../../api/index.js'
import { TAKE_ANNOTATION } from '../../api/internal.js'
import { isRecord } from '../../core/internal.js'
import type { ObjectInput } from '../../store/index.js'
import type { LaunchSpec } from '../pool/operation.js'
import type { TaskState } from '../pool/task-state.js'
import type { Resource } from '../resources/resource.js'
import type { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'
import { ANY_ROLE } from '../resources/role-name.js'
import { requestsOf } from './node-amounts.js'
import { resourcesOfTask } from './node-resources.js'

/** Labels of a task that a pool launched: which pool, whose it is, and which of its tasks. */
export const POOL_LABEL = 'keelson.dev/offer-pool'
const FRAMEWORK_LABEL = 'keelson.dev/framework'
const TASK_LABEL = 'keelson.dev/framework-task'
/** Annotation of it: for which role it was launched. */
const ROLE_ANNOTATION = 'keelson.dev/role'
/** Which launch it comes from: a task of the same name may have been there before. */
const LAUNCH_ANNOTATION = 'keelson.dev/launch'
/** Keeps the object until its framework knows that it has ended. */
export const POOL_FINALIZER = 'keelson.dev/offers'

/** A task that is to be launched. */
export interface Launching {
  readonly agent: string
  readonly task: LaunchSpec
  readonly take: ResourceSet
  readonly framework: string
  readonly role: string
  readonly launch: string
}

/** Which task of which framework an object is. */
export interface TaskName {
  readonly framework: string
  readonly task: string
}

/** The task of the pool that the object is; undefined for one of somebody else. */
export function nameOfTask({ metadata: { labels } }: Task, pool: string): TaskName | undefined {
  const { [POOL_LABEL]: owner, [FRAMEWORK_LABEL]: framework, [TASK_LABEL]: task } = labels
  return owner !== pool || framework === undefined || task === undefined ? undefined : { framework, task }
}

/** The object of a task that is launched on a node. */
export function taskObject(
  { agent, task, take, framework, role, launch }: Launching,
  at: { readonly pool: string; readonly namespace: string },
): ObjectInput<Task['spec'], NonNullable<Task['status']>> {
  const { metadata = {}, spec } = (isRecord(task.data) ? task.data : { spec: {} }) as unknown as TaskTemplate
  const graceMs = task.kill?.graceMs
  return {
    metadata: {
      name: task.id,
      namespace: at.namespace,
      labels: {
        ...metadata.labels,
        [POOL_LABEL]: at.pool,
        [FRAMEWORK_LABEL]: framework,
        [TASK_LABEL]: task.id,
      },
      annotations: {
        ...metadata.annotations,
        [ROLE_ANNOTATION]: role,
        [TAKE_ANNOTATION]: JSON.stringify(take),
        [LAUNCH_ANNOTATION]: launch,
      },
      finalizers: [POOL_FINALIZER],
    },
    spec: {
      ...spec,
      ...(graceMs === undefined ? {} : { terminationGracePeriodSeconds: Math.ceil(graceMs / 1_000) }),
      nodeName: agent,
      resources: { ...spec.resources, requests: requestsOf(take) },
    },
  }
}

/** For which role a task of a pool was launched. */
export function roleOfTask({ metadata }: Task): string {
  return metadata.annotations[ROLE_ANNOTATION] ?? ANY_ROLE
}

/** From which launch a task comes. */
export function launchOfTask({ metadata }: Task): string {
  return metadata.annotations[LAUNCH_ANNOTATION] ?? metadata.uid
}

/** What a task takes of its node: the chunks that a pool gave it, or what it requests. */
export function takeOfTask(task: Task): ResourceSet {
  const text = task.metadata.annotations[TAKE_ANNOTATION]
  if (text === undefined) return resourcesOfTask(task)
  try {
    return resources(JSON.parse(text) as readonly Resource[])
  } catch {
    return resourcesOfTask(task)
  }
}

/** Whether the task uses its node no more: it has ended, or nobody but its pool keeps the object. */
export function hasEnded(task: Task): boolean {
  const { deletionTimestamp, finalizers } = task.metadata
  if (isTaskFinished(task)) return true
  return deletionTimestamp !== undefined && finalizers.every(name => name === POOL_FINALIZER)
}

/** How a task stands, as its framework is told. */
export function stateOfTask(task: Task | undefined): TaskState {
  if (task === undefined) return 'killed'
  const { phase } = task.status ?? {}
  const isDeleted = task.metadata.deletionTimestamp !== undefined
  if (phase === 'Succeeded') return 'finished'
  if (phase === 'Failed') return isDeleted ? 'killed' : 'failed'
  if (isDeleted) return hasEnded(task) ? 'killed' : 'killing'
  return phase === 'Running' ? 'running' : 'staging'
}
