import { ResourceSet } from '../resources/resource-set.js'
import type { PoolCore } from './pool-core.js'

/** Holds what is used by others than the pool's frameworks. No id of a framework has a space in front. */
const OTHERS = ' others'
/** A role of its own, so that it counts neither for the share nor against the quota of anybody. */
const OTHERS_ROLE = 'keelson.dev/others'

/** Takes what others use of an agent out of what can be offered; offers that it is in are rescinded. */
export function occupyAgent(core: PoolCore, agent: string, used: ResourceSet): void {
  const { allocator, occupied } = core
  const before = occupied.get(agent) ?? ResourceSet.empty
  if (before.equals(used)) return
  core.agents.of(agent)
  const others = { framework: OTHERS, role: OTHERS_ROLE, agent }
  if (occupied.size === 0)
    allocator.apply({ type: 'framework', id: OTHERS, roles: [{ role: OTHERS_ROLE, suppressed: true }] })
  if (!before.isEmpty) allocator.apply({ type: 'return', ...others, resources: before })
  if (allocator.agent(agent)?.free.contains(used) !== true) core.rescindOfAgent(agent, 'agent')
  if (!used.isEmpty) allocator.apply({ type: 'take', ...others, resources: used, force: true })
  if (used.isEmpty) occupied.delete(agent)
  else occupied.set(agent, used)
  core.changes.note(agent)
  core.requestPass()
}
