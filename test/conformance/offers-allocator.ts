import type {
  AllocatorOptions,
  FrameworkCapability,
  Grant,
  Quantities,
  Quota,
} from '../../src/offers/index.js'
import { createAllocator } from '../../src/offers/index.js'
import { refusalEndMs } from '../../src/offers/pool/refusal.js'
import type { CaseResource } from './offers-resources.js'
import { inOneOrder, ourSet, theirResources } from './offers-resources.js'

interface AllocatorInput {
  readonly options?: { readonly minAllocatable?: readonly Quantities[]; readonly interval?: number }
  readonly steps: readonly (readonly unknown[])[]
}

interface CaseCapabilities {
  readonly gpu?: boolean
  readonly remote?: boolean
  readonly regionAware?: boolean
  readonly revocable?: boolean
}

const HOME = 'home'

/** Runs the steps; a run answers with its time and its offers. */
export function allocatorAnswer({ options = {}, steps }: AllocatorInput): unknown {
  const settings: AllocatorOptions = {
    visit: 'insertion',
    home: HOME,
    ...(options.minAllocatable !== undefined && { minAllocatable: options.minAllocatable }),
  }
  const allocator = createAllocator(settings)
  const agentsById = new Map<string, CaseCapabilities>()
  const putAgent = (id: string, list: readonly CaseResource[], { remote = false }: CaseCapabilities): void =>
    allocator.apply({
      type: 'agent',
      agent: { id, resources: ourSet(list), topology: [remote ? 'far' : HOME], attributes: {} },
    })
  const answers: unknown[] = []
  for (const [verb, ...args] of steps) {
    if (verb === 'agent') {
      const [id, list, capabilities = {}] = args as [string, CaseResource[], CaseCapabilities?]
      agentsById.set(id, capabilities)
      putAgent(id, list, capabilities)
    } else if (verb === 'resize') {
      const [id, list] = args as [string, CaseResource[]]
      putAgent(id, list, agentsById.get(id) ?? {})
    } else if (verb === 'framework') {
      const [id, roles, has = {}] = args as [string, string[], CaseCapabilities?]
      const capabilities: FrameworkCapability[] = []
      if (has.regionAware === true) capabilities.push('remote')
      if (has.revocable === true) capabilities.push('revocable')
      const uses = has.gpu === true ? ['gpus'] : []
      allocator.apply({ type: 'framework', id, roles: roles.map(role => ({ role })), capabilities, uses })
    } else if (verb === 'weight') {
      const [role, weight] = args as [string, number]
      allocator.apply({ type: 'weight', role, weight })
    } else if (verb === 'quota') {
      const [role, quota] = args as [string, Quota]
      allocator.apply({ type: 'quota', role, quota })
    } else if (verb === 'suppress' || verb === 'revive') {
      const [framework, roles] = args as [string, string[]]
      allocator.apply({ type: verb, framework, roles })
    } else if (verb === 'clearAgentFilters') {
      const [id] = args as [string]
      const { free } = allocator.agent(id)!
      allocator.apply({
        type: 'agent',
        agent: { id, resources: free, topology: [HOME], attributes: { changed: 'yes' } },
      })
    } else if (verb === 'decline') {
      const [at, framework, role, agent, list, refuse] = args as [
        number,
        string,
        string,
        string,
        CaseResource[],
        number,
      ]
      const untilMs = refusalEndMs(at * 1000, refuse * 1000, (options.interval ?? 1) * 1000)
      allocator.apply({
        type: 'return',
        framework,
        role,
        agent,
        resources: ourSet(list),
        ...(untilMs !== undefined && { filter: { untilMs } }),
      })
    } else if (verb === 'run') {
      const [at, agents] = args as [number, string[]?]
      answers.push({ at, offers: allocator.run(at * 1000, agents ?? 'all').map(offerOf) })
    } else throw new Error(`unknown step ${String(verb)}`)
  }
  return answers
}

/** The expected answer in our order of resources. */
export function allocatorExpectation(expected: unknown): unknown {
  return (expected as { offers: { resources: unknown[] }[] }[]).map(run => ({
    ...run,
    offers: run.offers.map(offer => ({ ...offer, resources: inOneOrder(offer.resources) })),
  }))
}

function offerOf({ framework, role, agent, resources: set }: Grant): unknown {
  return { framework, role, agent, resources: theirResources(set) }
}

export const allocatorAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  allocator: allocatorAnswer,
  refuseSeconds: ({ values, interval }: { values: (number | null | 'NaN')[]; interval: number }) =>
    values.map(value => {
      const refuseMs = value === null ? undefined : value === 'NaN' ? Number.NaN : value * 1000
      const end = refusalEndMs(0, refuseMs, interval * 1000)
      return end === undefined ? null : end / 1000
    }),
  nextOffer: ({ interval, rows }: { interval: number; rows: { declinedAt: number; refuse: number }[] }) =>
    rows.map(({ declinedAt, refuse }) => nextOffer(interval, declinedAt, refuse)),
}

/** The first tick after the decline at which the allocator offers again. */
function nextOffer(interval: number, declinedAt: number, refuse: number): number | undefined {
  const allocator = createAllocator()
  const set = ourSet([{ name: 'cpus', value: 1 }])
  allocator.apply({ type: 'agent', agent: { id: 'a', resources: set } })
  allocator.apply({ type: 'framework', id: 'f', roles: [{ role: 'r' }] })
  allocator.run(0)
  const untilMs = refusalEndMs(declinedAt * 1000, refuse * 1000, interval * 1000)
  const filter = untilMs === undefined ? {} : { filter: { untilMs } }
  allocator.apply({ type: 'return', framework: 'f', role: 'r', agent: 'a', resources: set, ...filter })
  for (let tick = Math.ceil(declinedAt / interval) * interval; tick < 100; tick += interval) {
    if (tick > declinedAt && allocator.run(tick * 1000, 'all').length > 0) return tick
    if (tick === declinedAt && untilMs === undefined) return tick
  }
  return undefined
}
