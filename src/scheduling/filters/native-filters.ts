import type { FilterPlugin } from '../plugin.js'
import { constraints } from './constraints.js'
import { hostPorts } from './host-ports.js'
import { nodeSelector } from './node-selector.js'
import { resourcesFit } from './resources-fit.js'
import { taints } from './taints.js'
import { unschedulable } from './unschedulable.js'

/** The filters of the native profiles: every one there is, with its defaults. */
export function nativeFilters(): readonly FilterPlugin[] {
  return [unschedulable(), taints(), nodeSelector(), constraints(), resourcesFit(), hostPorts()]
}
