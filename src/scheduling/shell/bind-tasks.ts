import { Node, Reservation, Task } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import type { ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { HeldDevices } from '../nodes/devices.js'
import type { HostPort } from '../nodes/host-ports.js'
import type { ClusterMirror, NodeState } from './cluster-mirror.js'
import { isUnassigned, taskKey, versionOf } from './task-object.js'

/** A task, in the state that is decided about. */
export interface OpenTask {
  readonly ref: ObjectRef
  /** `namespace/name`. */
  readonly key: string
  readonly task: Task
  readonly version: string
}

/** What a task was given on its node. */
export interface Given {
  readonly hostPorts: readonly HostPort[] | undefined
  readonly held: readonly HeldDevices[] | undefined
}

/** Where a task is to go. */
export interface Placement {
  readonly one: OpenTask
  readonly node: string
  /** Ports of ranges, and devices, that it was given there. */
  readonly given: Given
  /** The state of the node that the decision was made from. */
  readonly epoch: number
}

/** What came of telling the store. */
export type Binding =
  | { readonly kind: 'bound' }
  /** The task is no longer the one that was decided about. */
  | { readonly kind: 'changed' }
  /** The decision was made from a stale state of the node; this is the present one. */
  | { readonly kind: 'stale'; readonly node: string; readonly state: NodeState; readonly revision: number }
  /** Another of those that go together was not bound. */
  | { readonly kind: 'undone' }

/** What bindings are compared with, and when they are made. */
export interface BindingContext {
  readonly mirror: ClusterMirror
  /** Whether the store knows the kind `Reservation`. */
  readonly hasReservations: boolean
  readonly nowMs: number
}

/**
 * Binds tasks inside one commit, where what is read is what is: each only if it is the one that was decided about, and
 * its node with all that is on it is as the mirror has it. With `together`, all of them or none.
 */
export function bindTasks(
  tx: Transaction,
  placements: readonly Placement[],
  context: BindingContext,
  together: boolean,
): readonly Binding[] {
  const states = new Map<string, NodeState>()
  const stateOf = (node: string): NodeState => {
    const known = states.get(node) ?? nodeStateOf(tx, node, context.hasReservations)
    states.set(node, known)
    return known
  }
  const judge = ({ one, node, epoch }: Placement): Binding => {
    const task = tx.get(Task, one.ref)
    if (task === undefined || !isUnassigned(task) || versionOf(task) !== one.version)
      return { kind: 'changed' }
    const state = stateOf(node)
    if (context.mirror.knows(node, state) && context.mirror.epochOf(node) === epoch) return { kind: 'bound' }
    return { kind: 'stale', node, state, revision: tx.revision }
  }
  // Judged before the first is written: what is written changes what is read.
  const bindings = placements.map(judge)
  if (together && bindings.some(({ kind }) => kind !== 'bound'))
    return bindings.map(binding => (binding.kind === 'bound' ? { kind: 'undone' } : binding))
  for (const [index, placement] of placements.entries())
    if (bindings[index]?.kind === 'bound') writeBinding(tx, placement, context)
  return bindings
}

/** Writes that a task has its node now, and ends what was held for it. */
export function writeBinding(
  tx: Transaction,
  { one, node, given }: Placement,
  context: BindingContext,
): void {
  const { ref, key } = one
  tx.modify(Task, ref, draft => {
    draft.spec.nodeName = node
    const { held, hostPorts } = given
    if (held !== undefined) draft.spec.assignedDevices = held.map(one => ({ ...one, ids: [...one.ids] }))
    const ports = (draft.spec.ports ?? []).filter(
      port => port.hostPort === undefined && port.hostPortRange !== undefined,
    )
    // Those of ranges come last, in their order.
    const numbers = hostPorts?.slice(-ports.length).map(({ port }) => port) ?? []
    for (const [index, port] of ports.entries()) {
      const number = numbers[index]
      if (number !== undefined) port.hostPort = number
    }
  })
  const message = `placed on node ${node}`
  const condition = { type: 'Scheduled', status: 'True', reason: 'Scheduled', message } as const
  const now = formatTime(context.nowMs)
  tx.modifyStatus(Task, ref, draft => {
    const conditions = setCondition(draft.status?.conditions, condition, now)
    draft.status = { ...draft.status, conditions: [...conditions] }
  })
  for (const { name } of context.mirror.held.forTask(key)) endHold(tx, name)
}

/** Ends a reservation, if it is there. */
export function endHold(tx: Transaction, name: string): void {
  if (tx.get(Reservation, { name }) !== undefined) tx.delete(Reservation, { name })
}

/** A node, and all that is on it and held on it. */
export function nodeStateOf(
  reader: Pick<Reader, 'get' | 'list'>,
  name: string,
  hasReservations: boolean,
): NodeState {
  const index = { name: 'node', value: name }
  return {
    node: reader.get(Node, { name }),
    tasks: reader.list(Task, { index }).items,
    reservations: hasReservations ? reader.list(Reservation, { index }).items : [],
  }
}

/** A task as it is to be decided about. */
export function openTask(task: Task): OpenTask {
  const ref = { namespace: task.metadata.namespace ?? '', name: task.metadata.name }
  return { ref, key: taskKey(ref), task, version: versionOf(task) }
}
