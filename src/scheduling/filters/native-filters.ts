import type { FilterPlugin } from '../plugins/plugin.js'
import { constraints, siblingConstraints } from './constraints-filter.js'
import { devices } from './devices-filter.js'
import { hostPorts } from './host-ports-filter.js'
import { nodeSelector } from './node-selector-filter.js'
import { platform } from './platform-filter.js'
import { resourcesFit } from './resources-fit-filter.js'
import { taints } from './taints-filter.js'
import { taskAffinity } from './task-affinity-filter.js'
import { topologySpread } from './topology-spread-filter.js'
import { unschedulable } from './unschedulable-filter.js'
import { volumeLimits, volumeSharing, volumeTopology } from './volumes-filter.js'

/** The filters of the native profiles: every one there is, with its defaults. */
export function nativeFilters(): readonly FilterPlugin[] {
  return [
    unschedulable(),
    taints(),
    nodeSelector(),
    constraints(),
    platform(),
    volumeTopology(),
    resourcesFit(),
    hostPorts(),
    devices(),
    volumeLimits(),
    volumeSharing(),
    siblingConstraints(),
    topologySpread(),
    taskAffinity(),
  ]
}

/**
 * Filters of a preset in its order, then all others there are: what a request asks for is never passed over because the
 * anchor has no such condition.
 */
export function withNativeFilters(own: readonly FilterPlugin[]): readonly FilterPlugin[] {
  const names = new Set(own.map(({ name }) => name))
  return [...own, ...nativeFilters().filter(({ name }) => !names.has(name))]
}
