import { constraints, siblingConstraints } from '../filters/constraints-filter.js'
import { devices } from '../filters/devices-filter.js'
import { hostPorts } from '../filters/host-ports-filter.js'
import { withNativeFilters } from '../filters/native-filters.js'
import { nodeSelector } from '../filters/node-selector-filter.js'
import { resourcesFit } from '../filters/resources-fit-filter.js'
import { unschedulable } from '../filters/unschedulable-filter.js'
import { volumeSharing, volumeTopology } from '../filters/volumes-filter.js'
import type { Profile } from '../plugins/plugin.js'
import {
  nomadFit,
  nomadJobAntiAffinity,
  nomadNodeAffinity,
  nomadReschedulePenalty,
  nomadSpread,
} from './nomad-scores.js'

/**
 * The ranking of Nomad's service scheduler: the mean of the scores that count for a node: bin packing (or its spread
 * algorithm), job anti-affinity, reschedule penalty, node affinity and spread. Nomad's scores from −1 to 1 are 0 to 100 here. Every
 * node is looked at, where Nomad looks at `max(2, ⌈log₂ nodes⌉)` of a shuffled list.
 */
export function nomadProfile(algorithm: 'binpack' | 'spread' = 'binpack'): Profile {
  return {
    name: 'nomad',
    filters: withNativeFilters([
      unschedulable(),
      nodeSelector(),
      constraints(),
      siblingConstraints(),
      resourcesFit(),
      hostPorts(),
      devices(),
      volumeTopology(),
      volumeSharing(),
    ]),
    scores: [
      { plugin: nomadFit(algorithm), weight: 1 },
      { plugin: nomadJobAntiAffinity(), weight: 1 },
      { plugin: nomadReschedulePenalty(), weight: 1 },
      { plugin: nomadNodeAffinity(), weight: 1 },
      { plugin: nomadSpread(), weight: 1 },
    ],
    combine: 'mean',
  }
}

/**
 * How many nodes Nomad's service scheduler scores: `max(2, ⌈log₂ nodes⌉)`.
 *
 * @internal
 */
export function nomadNodesToScore(nodes: number): number {
  return Math.max(2, Math.ceil(Math.log2(Math.max(1, nodes))))
}

/**
 * How long Nomad's broker holds an evaluation back, in ms: 1 s, then 20 s more for each further delivery.
 *
 * @internal
 */
export function nomadNackDelayMs(deliveries: number): number {
  if (deliveries <= 0) return 0
  return deliveries === 1 ? 1_000 : (deliveries - 1) * 20_000
}
