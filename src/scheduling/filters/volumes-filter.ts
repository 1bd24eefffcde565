import type { NodeView } from '../nodes/node-view.js'
import type { DomainFilterPlugin, DomainView, FilterReason, NodeFilterPlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import type { CompiledVolumeClaim } from '../requests/volume-claim.js'

/** Keeps tasks to nodes that reach every volume they claim. */
export function volumeTopology(): NodeFilterPlugin {
  return {
    name: 'volume-topology',
    locality: 'static',
    reads: ['volumes'],
    selecting: true,
    applies: ({ volumes }) => volumes.some(({ reaches }) => reaches !== undefined),
    filter({ volumes }, node) {
      const volume = volumes.find(({ reaches }) => reaches !== undefined && !reaches(node))?.name
      if (volume === undefined) return undefined
      const message = 'node(s) out of reach of a volume'
      return [{ code: 'VolumeTopology', message, unresolvable: true, params: { volume } }]
    },
  }
}

/** Keeps tasks off nodes to which not all of their volumes can be attached, by the limit of each driver. */
export function volumeLimits(): NodeFilterPlugin {
  return {
    name: 'volume-limits',
    locality: 'node',
    applies: ({ volumes }) => volumes.some(({ driver }) => driver !== undefined),
    filter(request, node) {
      const reasons = driversOf(request).flatMap(driver => overLimit(request, driver, node))
      return reasons.length === 0 ? undefined : reasons
    },
  }
}

function driversOf({ volumes }: PreparedRequest): readonly string[] {
  return [...new Set(volumes.flatMap(({ driver }) => driver ?? []))]
}

function overLimit({ volumes }: PreparedRequest, driver: string, node: NodeView): readonly FilterReason[] {
  const own = volumes.filter(one => one.driver === driver)
  const asked = own.filter(one => !node.hasVolume(one)).length
  const [limit, attached] = [node.volumeLimit(driver), node.volumeCount(driver)]
  if (asked === 0 || attached + asked <= limit) return []
  const message = `node(s) at the limit of volumes of ${driver}`
  const params = { driver, asked, attached, limit }
  return [{ code: 'VolumeLimit', message, unresolvable: own.length > limit, params }]
}

/** A claim's terms: tasks that claim the volume, that want it alone, that want it on one node. */
const TERMS_PER_CLAIM = 3

/**
 * Keeps tasks off nodes where a volume of theirs may not be used, as other tasks use it: alone, or on another node only.
 */
export function volumeSharing(): DomainFilterPlugin {
  return {
    name: 'volume-sharing',
    locality: 'domain',
    applies: ({ volumes }) => volumes.length > 0,
    terms: ({ volumes }) =>
      volumes.flatMap(({ name: volume }) => [
        { attribute: NODE, tasks: { volume } },
        { attribute: NODE, tasks: { volume, access: 'ReadWriteOncePod' } },
        { attribute: NODE, tasks: { volume, access: 'ReadWriteOnce' } },
      ]),
    filter({ volumes }, node, domains) {
      const reasons = volumes.flatMap((claim, index) => inUse(claim, index * TERMS_PER_CLAIM, node, domains))
      return reasons.length === 0 ? undefined : reasons
    },
  }
}

const NODE = 'node.name'

function inUse(
  { name: volume, access }: CompiledVolumeClaim,
  all: number,
  node: NodeView,
  domains: DomainView,
): readonly FilterReason[] {
  const total = (term: number): number => domains.counts(term).total
  const elsewhere = (term: number): number => total(term) - domains.count(term, node)
  const [alone, onOneNode] = [all + 1, all + 2]
  if (total(alone) > 0 || (access === 'ReadWriteOncePod' && total(all) > 0)) {
    const message = 'node(s) whose volume is used by another task alone'
    return [{ code: 'VolumeInUse', message, unresolvable: false, params: { volume } }]
  }
  const isElsewhere = elsewhere(access === 'ReadWriteOnce' ? all : onOneNode) > 0
  if (!isElsewhere) return []
  const message = 'node(s) whose volume is used on another node'
  return [{ code: 'VolumeElsewhere', message, unresolvable: false, params: { volume } }]
}
