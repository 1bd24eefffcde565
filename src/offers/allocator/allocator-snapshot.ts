import type { FairNode } from '../../core/internal.js'
import { resources } from '../resources/resource-text.js'
import type { Ledger } from './allocation-ledger.js'
import { OWN_GROUP } from './allocation-ledger.js'
import type { Client, Member } from './allocation-records.js'
import type { Quota } from './allocator-event.js'
import type { AllocatorSnapshot, PairSnapshot } from './allocator-state.js'
import type { EventApplier } from './event-applier.js'
import type { FilterTable } from './filter-table.js'
import { holdingOf, setOf } from './holding.js'

/** What a snapshot is taken of, or put into. */
export interface SnapshotParts {
  readonly applier: EventApplier
  readonly ledger: Ledger
  readonly filters: FilterTable
}

export function takeSnapshot(of: {
  readonly ledger: Ledger
  readonly quotas: ReadonlyMap<string, Quota>
  readonly dirty: 'all' | readonly string[]
  readonly passes: number
}): AllocatorSnapshot {
  const { ledger, quotas, dirty, passes } = of
  const { columns } = ledger
  return {
    agents: [...ledger.agents.values()].map(({ spec, active, version, allocations, filters }) => ({
      spec: { ...spec, resources: spec.resources.toJSON() },
      active,
      version,
      allocations: [...allocations].map(([client, holding]) => ({
        ...pairOf(client),
        resources: setOf(holding, columns).toJSON(),
      })),
      filters: [...filters].flatMap(([client, list]) =>
        list.map(({ refused, untilMs }) => ({
          ...pairOf(client),
          refused: setOf(refused, columns).toJSON(),
          untilMs: untilMs === Number.POSITIVE_INFINITY ? ('changed' as const) : untilMs,
        })),
      ),
    })),
    frameworks: [...ledger.frameworks.values()].map(({ id, active, capabilities, uses, clients }) => ({
      id,
      active,
      capabilities: [...capabilities],
      uses: [...uses],
      roles: [...clients.values()].map(({ subscription, suppressed, subscribed }) => ({
        ...subscription,
        suppressed,
        subscribed,
      })),
      held: [...clients.values()].flatMap(({ role, held }) =>
        [...held].map(each => ({
          role: role.path,
          agent: each.agent.spec.id,
          id: each.id,
          tasks: each.tasks,
        })),
      ),
    })),
    weights: Object.fromEntries(ledger.weights),
    quotas: Object.fromEntries(quotas),
    counts: countsOf(ledger.tree.root, []).sort(([a], [b]) => (a.join('\n') < b.join('\n') ? -1 : 1)),
    dirty,
    passes,
    grantId: ledger.grantId,
  }

  function countsOf(node: FairNode<Member>, path: readonly string[]): [readonly string[], number][] {
    const own: [readonly string[], number][] = node.count > 0 ? [[path, node.count]] : []
    return [
      ...own,
      ...[...ledger.tree.children(node)].flatMap(child => countsOf(child, [...path, child.name])),
    ]
  }
}

/** Into an allocator that is still empty. */
export function restoreSnapshot(snapshot: AllocatorSnapshot, parts: SnapshotParts): void {
  const { applier, ledger } = parts
  for (const [role, weight] of Object.entries(snapshot.weights))
    applier.apply({ type: 'weight', role, weight })
  for (const { spec, active } of snapshot.agents) {
    applier.apply({ type: 'agent', agent: { ...spec, resources: resources(spec.resources) } })
    applier.apply({ type: 'agentState', id: spec.id, active })
  }
  for (const { id, roles, capabilities, uses } of snapshot.frameworks)
    applier.apply({ type: 'framework', id, roles, capabilities, uses })
  restoreHoldings(snapshot, parts)
  for (const { id, active, roles, capabilities, uses, held } of snapshot.frameworks) {
    if (roles.some(({ subscribed }) => !subscribed))
      applier.apply({
        type: 'framework',
        id,
        roles: roles.filter(({ subscribed }) => subscribed),
        capabilities,
        uses,
      })
    applier.apply({ type: 'frameworkState', id, active })
    for (const { role, agent, id: grant, tasks } of held)
      ledger.cover(ledger.clientOf(id, role), ledger.agentOf(agent), { id: grant, tasks })
  }
  applier.apply({ type: 'quotas', quotas: snapshot.quotas })
  for (const [path, count] of snapshot.counts) {
    const own = path.indexOf(OWN_GROUP)
    const role = own < 0 ? path : path.slice(0, own)
    // It may have no frameworks any more, and be kept for its quota.
    if (role.length > 0) ledger.roleOf(role.join('/'))
    const node = nodeAt(ledger, path)
    if (node !== undefined) ledger.tree.setCount(node, count)
  }
  ledger.grantId = snapshot.grantId
  for (const { spec, version } of snapshot.agents) ledger.agentOf(spec.id).version = version
}

function restoreHoldings({ agents }: AllocatorSnapshot, { ledger, filters }: SnapshotParts): void {
  for (const { spec, allocations, filters: refusals } of agents) {
    const agent = ledger.agentOf(spec.id)
    for (const { framework, role, resources: held } of allocations)
      ledger.hold(ledger.clientOf(framework, role), agent, holdingOf(resources(held), ledger.columns))
    for (const { framework, role, refused, untilMs } of refusals)
      filters.add(
        { client: ledger.clientOf(framework, role), agent },
        holdingOf(resources(refused), ledger.columns),
        untilMs === 'changed' ? Number.POSITIVE_INFINITY : untilMs,
      )
  }
}

function nodeAt({ tree }: Ledger, path: readonly string[]): FairNode<Member> | undefined {
  let node: FairNode<Member> | undefined = tree.root
  for (const name of path) {
    if (node === undefined) return undefined
    node = [...tree.children(node)].find(child => child.name === name)
  }
  return node
}

function pairOf({ framework, role }: Client): PairSnapshot {
  return { framework: framework.id, role: role.path }
}
