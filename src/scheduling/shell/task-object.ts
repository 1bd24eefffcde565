import { LRUCache } from 'lru-cache'
import type { Task } from '../../api/index.js'
import { isTaskActive, TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { deviceAmounts } from '../../api/internal.js'
import type { ResourceVector } from '../../core/index.js'
import { parseResources } from '../../core/index.js'
import { compareText, compareTimes } from '../../core/internal.js'
import type { HostPort } from '../nodes/host-ports.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import { imageName } from './image-name.js'

/** `namespace/name`, the key under which a scheduler knows the task. */
export function taskKey(ref: { readonly namespace?: string; readonly name: string }): string {
  return `${ref.namespace ?? ''}/${ref.name}`
}

/**
 * What a Task object asks of a node. A limit without a request is the request, as in Kubernetes. Siblings are the tasks
 * of one namespace that name one group, or else have one controller.
 *
 * @param siblings how many tasks the group has in all; default: those that are placed, and this one
 * @throws InvalidError when an amount is not acceptable
 */
export function requestOfTask(task: Task, siblings?: number): PlacementRequest {
  const { metadata, spec } = task
  const group = groupOfTask(task)
  const { nodeSelector, tolerations, constraints, ports, devices, affinity, spread, platforms } = spec
  const request: { -readonly [Field in keyof PlacementRequest]: PlacementRequest[Field] } = {
    key: taskKey(metadata),
    requests: amountsOf(spec),
    namespace: metadata.namespace ?? '',
    priority: spec.priority ?? 0,
  }
  // What is not there is left out: requests are alike when they have the same.
  if (nodeSelector !== undefined) request.nodeSelector = { matchLabels: nodeSelector }
  if (tolerations !== undefined) request.tolerations = tolerations
  if (constraints !== undefined) request.constraints = constraints
  if (ports !== undefined) request.hostPorts = hostPortsOf(ports)
  if (devices !== undefined) request.devices = devices
  if (spec.volumes !== undefined) request.volumes = spec.volumes
  if (spec.image !== undefined) request.images = [imageName(spec.image)]
  if (Object.keys(metadata.labels).length > 0) request.labels = metadata.labels
  if (affinity !== undefined) request.affinity = affinity
  if (spread !== undefined) request.spread = spread
  if (spec.nodePreferences !== undefined) request.preferences = spec.nodePreferences
  if (platforms !== undefined) request.platforms = platforms
  if (group !== undefined) request.group = group
  if (siblings !== undefined) request.instances = siblings
  return request
}

/** Vectors that were parsed before, by what they were parsed from: tasks of one template share them. */
const AMOUNTS = /* @__PURE__ */ new LRUCache<string, ResourceVector>({ max: 1_000 })

/** What a task asks for of each resource; a device is one more of its kind. */
function amountsOf({ resources = {}, devices }: Task['spec']): ResourceVector {
  const key = JSON.stringify([resources, devices])
  let amounts = AMOUNTS.get(key)
  if (amounts === undefined) {
    const { limits = {}, requests = {} } = resources
    amounts = Object.freeze({
      ...parseResources(deviceAmounts(devices)),
      ...parseResources(limits),
      ...parseResources(requests),
    })
    AMOUNTS.set(key, amounts)
  }
  return amounts
}

/** The group of siblings that a task is in: the one it names, or that of its controlling owner. */
export function groupOfTask({ metadata, spec }: Task): string | undefined {
  const owner = metadata.ownerReferences.find(({ controller }) => controller)
  const own = spec.group ?? owner?.uid
  return own === undefined ? undefined : `${metadata.namespace ?? ''}/${own}`
}

/** Under which name failures of a task are remembered: one for all tasks of a group that are made from one template. */
export function failuresNameOf(group: string, labels: Readonly<Record<string, string>>): string {
  const hash = labels[TEMPLATE_HASH_LABEL]
  return hash === undefined ? group : `${group} ${hash}`
}

/** The ports of its node that a task asks for. */
export function hostPortsOf(ports: NonNullable<Task['spec']['ports']>): readonly HostPort[] {
  return ports.flatMap(({ hostPort, hostPortRange: range, protocol = 'TCP' }): readonly HostPort[] => {
    if (hostPort !== undefined) return [{ port: hostPort, protocol }]
    return range === undefined ? [] : [{ port: 0, protocol, range: [range.first, range.last] }]
  })
}

/**
 * Equal for states of a task that ask for the same, and count alike for others. Labels and owners may change within one
 * generation.
 */
export function versionOf(task: Task): string {
  const { uid, generation, labels } = task.metadata
  const group = groupOfTask(task)
  const own = `${uid} ${generation}`
  return group === undefined && Object.keys(labels).length === 0
    ? own
    : `${own} ${group} ${JSON.stringify(labels)}`
}

/** The names of the gates that keep schedulers from looking at the task. */
export function gatesOf({ spec: { schedulingGates = [] } }: Task): readonly string[] {
  return schedulingGates.map(({ name }) => name)
}

/** Whether the task waits for a node. */
export function isUnassigned(task: Task): boolean {
  return task.spec.nodeName === undefined && isTaskActive(task)
}

/** Higher priority first, then the older one, then by key. */
export function compareTasks(a: Task, b: Task): number {
  return (
    (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
    compareTimes(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(taskKey(a.metadata), taskKey(b.metadata))
  )
}
