import { Node, Reservation, Task } from '../../api/index.js'
import { KeelsonError } from '../../core/index.js'
import type { Reader, Transaction } from '../../store/index.js'
import { ResourceSet } from '../resources/resource-set.js'
import { agentOfNode } from './node-resources.js'
import { hasEnded, takeOfTask } from './pool-task.js'
import { reservationObjects, reservedOn, reservedPart } from './reservation-object.js'

/** What is kept on a node, for roles and for single tasks. */
function reservationsOn(reader: Reader, node: string): readonly Reservation[] {
  return reader.list(Reservation, { index: { name: 'node', value: node } }).items
}

/**
 * Checks inside a commit that a node has room for a task beside all that runs there, whoever launched it.
 *
 * @throws KeelsonError `PoolExhausted`
 */
export function assertRoom(reader: Reader, node: Node, take: ResourceSet): void {
  const { name } = node.metadata
  const { resources: total } = agentOfNode(node, reservationsOn(reader, name))
  if (!total.contains(usedOn(reader, name).plus(exclusive(take)))) throw refusal(name, 'has no room any more')
}

/**
 * Changes what is kept on a node, within a commit: what is turned into something else must be there, volumes have ids of
 * their own, and what runs on the node must still have room.
 *
 * @throws KeelsonError `PoolExhausted`
 */
export function convertOn(
  tx: Transaction,
  name: string,
  changes: readonly { readonly from: ResourceSet; readonly to: ResourceSet }[],
): void {
  const node = tx.get(Node, { name })
  if (node === undefined) throw refusal(name, 'is gone')
  const before = reservationsOn(tx, name)
  let reserved = reservedOn(before)
  for (const { from, to } of changes) {
    const rest = reserved.tryMinus(reservedPart(from))
    if (rest === undefined) throw refusal(name, 'no longer has what is to be converted')
    const ids = volumeIds(rest)
    if (volumeIds(to).some(id => ids.includes(id))) throw refusal(name, 'has a volume of this id already')
    reserved = rest.plus(reservedPart(to))
  }
  const objects = reservationObjects(name, reserved)
  for (const { metadata, spec } of before)
    if (spec.role !== undefined && !objects.has(metadata.name))
      tx.delete(Reservation, { name: metadata.name })
  for (const [object, wanted] of objects) {
    const known = tx.get(Reservation, { name: object })
    if (known === undefined) tx.create(Reservation, wanted)
    else tx.update(Reservation, { ...known, spec: wanted.spec })
  }
  const { resources: total } = agentOfNode(node, reservationsOn(tx, name))
  if (!total.contains(usedOn(tx, name)))
    throw refusal(name, 'needs what is to be reserved for what runs there')
}

/** What everything that runs on a node takes; of shared volumes nothing. */
function usedOn(reader: Reader, node: string): ResourceSet {
  let used = ResourceSet.empty
  for (const task of reader.list(Task, { index: { name: 'node', value: node } }).items)
    if (!hasEnded(task)) used = used.plus(exclusive(takeOfTask(task)))
  return used
}

function exclusive(set: ResourceSet): ResourceSet {
  return set.filter(({ disk }) => disk?.volume?.shared !== true)
}

function volumeIds(set: ResourceSet): readonly string[] {
  return [...set].flatMap(({ disk }) => disk?.volume?.id ?? [])
}

function refusal(node: string, message: string): KeelsonError {
  return new KeelsonError({
    code: 'PoolExhausted',
    message: `node ${node} ${message}`,
    details: { pool: node },
  })
}
