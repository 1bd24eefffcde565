import type { Node } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import { deviceAmounts } from '../../api/internal.js'
import type { Taint } from '../../core/index.js'
import { isKeelsonError, parseResources } from '../../core/index.js'
import { assertValid, NOT_READY_TAINT, UNREACHABLE_TAINT, wholeNumber } from '../../core/internal.js'
import type { NodeDescription, NodeImage, NodeUsage } from '../nodes/node-description.js'
import { imageName } from './image-name.js'

const NOT_READY: Taint = Object.freeze({ key: NOT_READY_TAINT, effect: 'NoSchedule' })
const UNREACHABLE: Taint = Object.freeze({ key: UNREACHABLE_TAINT, effect: 'NoSchedule' })

/**
 * A Node object as the scheduler wants it. A node whose condition `Ready` is not `True` gets a taint that says so:
 * unreachable for `Unknown`, not ready otherwise.
 *
 * @throws InvalidError when an amount is not acceptable
 */
function describeNode(node: Node): NodeDescription {
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
    ...(status.images === undefined ? {} : { images: imagesOf(status.images) }),
    ...(status.usage === undefined ? {} : { usage: usageOf(status.usage) }),
    ...(status.volumeLimits === undefined ? {} : { volumeLimits: status.volumeLimits }),
    taints: [...health, ...(spec.taints ?? [])],
    unschedulable: spec.unschedulable ?? false,
  }
}

function usageOf({
  mean,
  deviation,
  requested,
}: NonNullable<NonNullable<Node['status']>['usage']>): NodeUsage {
  return {
    mean: parseResources(mean),
    ...(deviation === undefined ? {} : { deviation: parseResources(deviation) }),
    ...(requested === undefined ? {} : { requested: parseResources(requested) }),
  }
}

/** By each name, without what other nodes have. */
function imagesOf(
  images: NonNullable<NonNullable<Node['status']>['images']>,
): NonNullable<NodeDescription['images']> {
  const found: Record<string, NodeImage> = {}
  for (const [index, { names, sizeBytes }] of images.entries()) {
    assertValid('node', wholeNumber(`status.images[${index}].sizeBytes`, sizeBytes))
    for (const name of names) found[imageName(name)] = { size: sizeBytes, share: 0 }
  }
  return found
}

/** A node that cannot be read is there, takes no task, and says why. */
export function readableNode(node: Node): NodeDescription {
  try {
    return describeNode(node)
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    return { name: node.metadata.name, allocatable: {}, unreadable: error.message }
  }
}
