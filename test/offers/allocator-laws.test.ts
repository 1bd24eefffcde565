import { describe, expect, test } from 'vitest'
import type { Allocator, AllocatorSnapshot, Quantities } from '../../src/offers/index.js'
import { ResourceSet, resources } from '../../src/offers/index.js'
import { RandomCluster } from './random-cluster.js'

const CLUSTERS = 24
const ROUNDS = 2
const NAMES = ['cpus', 'mem', 'disk'] as const

describe('of an allocator', () => {
  test('no pass leaves less than unmet guarantees need, unless that was so before', () => {
    let bound = 0
    for (const cluster of clusters()) {
      const [roomBefore, needBefore] = [roomOf(cluster.allocator), needOf(cluster.allocator, 'all')]
      cluster.pass()
      const [room, need] = [roomOf(cluster.allocator), needOf(cluster.allocator, 'held')]
      for (const name of NAMES) {
        if ((roomBefore[name] ?? 0) < (needBefore[name] ?? 0)) continue
        if ((need[name] ?? 0) > 0) bound++
        expect(room[name] ?? 0, `${name} of seed ${cluster.seed}`).toBeGreaterThanOrEqual(need[name] ?? 0)
      }
    }
    expect(bound).toBeGreaterThan(CLUSTERS / 4)
  })

  test('no grant is contained in what its framework refused for the role, and who is filtered refused it itself', () => {
    let [refused, filtered] = [0, 0]
    for (const cluster of clusters()) {
      const { nowMs } = cluster
      const grants = cluster.pass()
      const { agents, frameworks } = cluster.allocator.snapshot()
      for (const grant of grants) {
        const own = filtersOf(agents, grant.agent).filter(
          each => each.framework === grant.framework && each.role === grant.role && each.untilMs >= nowMs,
        )
        refused += own.length
        for (const filter of own) expect(filter.refused.contains(grant.resources)).toBe(false)
      }
      for (const { id } of frameworks)
        for (const [agent, { reason }] of cluster.allocator.explain({ framework: id }).perAgent) {
          if (reason.code !== 'filtered') continue
          filtered++
          const own = filtersOf(agents, agent).filter(({ framework }) => framework === id)
          expect(own.length, `${id} on ${agent} of seed ${cluster.seed}`).toBeGreaterThan(0)
        }
    }
    expect(Math.min(refused, filtered)).toBeGreaterThan(0)
  })
})

/** A random cluster before each of its passes. */
interface Moment {
  readonly seed: number
  readonly nowMs: number
  readonly allocator: Allocator
  readonly pass: () => ReturnType<Allocator['run']>
}

function* clusters(): IterableIterator<Moment> {
  for (let seed = 0; seed < CLUSTERS; seed++) {
    const cluster = new RandomCluster(seed)
    for (let round = 0; round < ROUNDS; round++) {
      cluster.round()
      cluster.changeSome()
      const { allocator, nowMs } = cluster
      yield { seed, nowMs, allocator, pass: () => cluster.pass() }
    }
  }
}

function filtersOf(
  agents: AllocatorSnapshot['agents'],
  agent: string,
): readonly { framework: string; role: string; refused: ResourceSet; untilMs: number }[] {
  const { filters = [] } = agents.find(({ spec }) => spec.id === agent) ?? {}
  return filters.map(({ framework, role, refused, untilMs }) => ({
    framework,
    role,
    refused: resources(refused),
    untilMs: untilMs === 'changed' ? Number.POSITIVE_INFINITY : untilMs,
  }))
}

/** What is free and unreserved and may be kept. */
function roomOf(allocator: Allocator): Quantities {
  let room = ResourceSet.empty
  for (const { free, active } of allocator.agents()) if (active) room = room.plus(free.filter(isBounded))
  return room.quantities()
}

function isBounded({
  revocable,
  reservations = [],
}: {
  revocable?: boolean
  reservations?: readonly unknown[]
}): boolean {
  return revocable !== true && reservations.length === 0
}

/** What roles lack of their guarantees, all of it or what is not lent; of nested ones the larger of the two. */
function needOf(allocator: Allocator, kind: 'all' | 'held'): Quantities {
  const quotas = allocator.quotas()
  const { agents } = allocator.snapshot()
  const need: Record<string, number> = {}
  const at = (role: string, name: string): number => {
    const { guarantees = {}, lendingLimits = {} } = quotas.get(role) ?? {}
    const lent = kind === 'all' ? 0 : (lendingLimits[name] ?? 0)
    const own = (guarantees[name] ?? 0) - consumedBy(agents, role, name) - lent
    const below = [...quotas.keys()].filter(path => path.startsWith(`${role}/`))
    return Math.max(
      0,
      own,
      below.reduce((sum, path) => sum + at(path, name), 0),
    )
  }
  const tops = [...quotas.keys()].filter(role => !role.includes('/'))
  for (const name of NAMES) need[name] = tops.reduce((sum, role) => sum + at(role, name), 0)
  return need
}

/** Everything reserved for the role or one below, and what of the unreserved they have. */
function consumedBy(agents: AllocatorSnapshot['agents'], role: string, name: string): number {
  const isBelow = (path: string | undefined): boolean =>
    path === role || path?.startsWith(`${role}/`) === true
  let consumed = ResourceSet.empty
  for (const { spec, allocations } of agents) {
    consumed = consumed.plus(
      resources(spec.resources).filter(each => isBelow(each.reservations?.at(-1)?.role)),
    )
    for (const each of allocations)
      if (isBelow(each.role)) consumed = consumed.plus(resources(each.resources).filter(isBounded))
  }
  return consumed.quantities()[name] ?? 0
}
