import type { Node } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import { deviceAmounts } from '../../api/internal.js'
import type { Taint } from '../../core/index.js'
import { parseResources } from '../../core/index.js'
import { NOT_READY_TAINT, UNREACHABLE_TAINT } from '../../core/internal.js'
import type { NodeDescription } from '../nodes/node-description.js'

const NOT_READY: Taint = Object.freeze({ key: NOT_READY_TAINT, effect: 'NoSchedule' })
const UNREACHABLE: Taint = Object.freeze({ key: UNREACHABLE_TAINT, effect: 'NoSchedule' })

/**
 * A Node object as the scheduler wants it. A node whose condition `Ready` is not `True` gets a taint that says so:
 * unreachable for `Unknown`, not ready otherwise.
 *
 * @throws InvalidError when an amount is not acceptable
 */
export function describeNode(node: Node): NodeDescription {
  const { metadata, spec, status = {} } = node
  const ready = findCondition(status.conditions, 'Ready')?.status
  const health = ready === 'True' ? [] : [ready === 'Unknown' ? UNREACHABLE : NOT_READY]
  return {
    name: metadata.name,
    labels: metadata.labels,
    attributes: status.attributes ?? {},
    allocatable: parseResources({
      ...deviceAmounts(status.devices),
      ...(status.allocatable ?? status.capacity),
    }),
    ...(status.devices === undefined ? {} : { devices: status.devices }),
    taints: [...health, ...(spec.taints ?? [])],
    unschedulable: spec.unschedulable ?? false,
  }
}
