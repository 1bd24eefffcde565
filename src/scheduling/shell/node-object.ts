import type { Node } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import type { Taint } from '../../core/index.js'
import { parseResources } from '../../core/index.js'
import type { NodeDescription } from '../nodes/node-description.js'

/** Stands for a node that says that it is not ready, or has said nothing yet. */
const NOT_READY_TAINT: Taint = Object.freeze({
  key: 'keelson.dev/not-ready',
  effect: 'NoSchedule',
})

/** Stands for a node whose heartbeat has lapsed. */
const UNREACHABLE_TAINT: Taint = Object.freeze({
  key: 'keelson.dev/unreachable',
  effect: 'NoSchedule',
})

/**
 * A Node object as the scheduler wants it. A node whose condition `Ready` is not `True` gets a taint that says so:
 * unreachable for `Unknown`, not ready otherwise.
 *
 * @throws InvalidError when an amount is not acceptable
 */
export function describeNode(node: Node): NodeDescription {
  const { metadata, spec, status = {} } = node
  const ready = findCondition(status.conditions, 'Ready')?.status
  const health = ready === 'True' ? [] : [ready === 'Unknown' ? UNREACHABLE_TAINT : NOT_READY_TAINT]
  return {
    name: metadata.name,
    labels: metadata.labels,
    attributes: status.attributes ?? {},
    allocatable: parseResources(status.allocatable ?? status.capacity ?? {}),
    taints: [...health, ...(spec.taints ?? [])],
    unschedulable: spec.unschedulable ?? false,
  }
}
