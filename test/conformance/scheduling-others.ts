import type { Gang } from '../../src/scheduling/gangs/place-gang.js'
import { placeGang } from '../../src/scheduling/gangs/place-gang.js'
import { createScheduler, packProfile } from '../../src/scheduling/index.js'
import { applyPlan } from '../../src/scheduling/plans/placement-plan.js'
import {
  nomadDistance,
  nomadNetPriority,
  nomadPreemptionScore,
  nomadVictims,
} from '../../src/scheduling/presets/nomad-preemption.js'
import { nomadNackDelayMs, nomadNodesToScore } from '../../src/scheduling/presets/nomad-scheduling.js'
import {
  nomadAffinity,
  nomadAntiAffinity,
  nomadBinpack,
  nomadEvenSpread,
  nomadWorstFit,
} from '../../src/scheduling/presets/nomad-scores.js'
import type { SwarmBranch } from '../../src/scheduling/presets/swarm-scheduling.js'
import { compareSwarmNodes, swarmSpread } from '../../src/scheduling/presets/swarm-scheduling.js'
import { targetSpread } from '../../src/scheduling/scores/target-spread.js'

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}

interface SwarmLoad {
  readonly fail: number
  readonly svc: number
  readonly total: number
}

interface NomadAsk {
  readonly cpu: number
  readonly mem: number
  readonly disk: number
}

interface GangInput {
  readonly freeCpu: number
  readonly gangs: readonly { name: string; members: number; min: number; size: number }[]
}

export const otherAnswers: Readonly<Record<string, (input: never, expected: never) => unknown>> = {
  'score.order': ({ a, b }: { a: SwarmLoad; b: SwarmLoad }) => compareSwarmNodes(loadOf(a), loadOf(b)) < 0,
  'spread.tree': ({ branches, n }: { branches: SwarmBranch[]; n: number }) => {
    const got = swarmSpread(branches, n)
    return { got: Object.fromEntries(got), placed: [...got.values()].reduce((sum, one) => sum + one, 0) }
  },
  'score.binpack': (input: {
    nodeMinusReserved: { cpu: number; memory: number }
    proposedUse: { cpu: number; memory: number }
  }) => {
    const { nodeMinusReserved: there, proposedUse: use } = input
    const free = [1 - use.cpu / there.cpu, 1 - use.memory / there.memory] as const
    const binpack = nomadBinpack(...free)
    return {
      binpack: rounded(binpack, 6),
      spread: rounded(nomadWorstFit(...free), 6),
      normalized: rounded(binpack / 18, 6),
    }
  },
  'score.jobAntiAffinity': (input: { collisions: number; desiredCount: number }) =>
    nomadAntiAffinity(input.collisions, input.desiredCount) ?? null,
  'score.nodeAffinity:nomad': (input: { weights: number[]; matchedPerNode: number[][] }) =>
    input.matchedPerNode.map(matched => rounded(nomadAffinity(input.weights, matched), 6)),
  'score.normalize:nomad': ({ scores }: { scores: number[] }) =>
    rounded(scores.reduce((sum, score) => sum + score, 0) / scores.length, 6),
  'score.spread': (input: {
    count: number
    target: Record<string, number>
    existing: Record<string, number>
  }) => {
    const named = Object.values(input.target).reduce((sum, percent) => sum + percent, 0)
    return Object.fromEntries(
      Object.entries(input.existing).map(([value, used]) => [
        value,
        targetSpread(input.target[value] ?? 100 - named, input.count, used),
      ]),
    )
  },
  'score.evenSpread': ({ use, candidates }: { use: Record<string, number>; candidates: string[] }) =>
    candidates.map(value => nomadEvenSpread(new Map(Object.entries(use)), value)),
  'sampling:nomad service jobs': ({ nodes }: { nodes: number[] }) => nodes.map(nomadNodesToScore),
  'queue.backoff:nomad eval broker (1s initial, 20s compounding, delivery limit 3)': (input: {
    previousDequeues: number[]
  }) => input.previousDequeues.map(count => nomadNackDelayMs(count) / 1_000),
  'preemption.score': (input: { victims: number[][] } | { netPriority: number[] }) =>
    'victims' in input
      ? input.victims.map(priorities => rounded(nomadNetPriority(priorities), 6))
      : input.netPriority.map(net => rounded(nomadPreemptionScore(net), 6)),
  'preemption.distance': ({ ask, allocs }: { ask: NomadAsk; allocs: NomadAsk[] }) =>
    allocs.map(have => rounded(nomadDistance({ ...ask }, { ...have }), 3)),
  'preemption.victims:nomad': (input: {
    jobPriority: number
    capacity: NomadAsk
    ask: NomadAsk
    allocs: (NomadAsk & { id: string; prio: number })[]
  }) => {
    const allocations = input.allocs.map(({ id, prio, cpu, mem, disk }) => ({
      id,
      priority: prio,
      amounts: { cpu, mem, disk },
    }))
    const isEnough = (gone: readonly { id: string }[]): boolean =>
      (['cpu', 'mem', 'disk'] as const).every(name => {
        const used = input.allocs
          .filter(({ id }) => !gone.some(one => one.id === id))
          .reduce((sum, one) => sum + one[name], 0)
        return used + input.ask[name] <= input.capacity[name]
      })
    const found = nomadVictims({ priority: input.jobPriority, ask: { ...input.ask }, allocations }, isEnough)
    return found?.map(({ id }) => id) ?? null
  },
  gang: ({ freeCpu, gangs }: GangInput) => {
    const scheduler = createScheduler({ profile: packProfile() })
    scheduler.addNode({ name: 'n', allocatable: { cpu: freeCpu } })
    return Object.fromEntries(
      gangs.map(one => {
        const result = placeGang(scheduler, gangOf(one))
        return [one.name, result.kind === 'placed' ? result.nodes.size : 0]
      }),
    )
  },
  planApply: (input: {
    freeCpu: Record<string, number>
    plan: Record<string, number>
    allAtOnce: boolean
  }) => {
    const scheduler = createScheduler()
    for (const [name, cpu] of Object.entries(input.freeCpu)) scheduler.addNode({ name, allocatable: { cpu } })
    const placements = Object.entries(input.plan).map(([node, cpu]) => ({
      request: { key: node, requests: { cpu } },
      node,
      nodeVersion: 0,
    }))
    const plan = { placements, unschedulable: [] }
    const { committed, conflicts } = applyPlan(scheduler, plan, { atomic: input.allAtOnce })
    const rejected = conflicts.filter(({ reasons }) => reasons.length > 0).map(({ node }) => node)
    return { committed, rejected, refresh: conflicts.length > 0 }
  },
}

function loadOf({ fail, svc, total }: SwarmLoad) {
  return { failures: fail, serviceTasks: svc, tasks: total }
}

export function gangOf(one: { name: string; members: number; min: number; size: number }): Gang {
  const members = Array.from({ length: one.members }, (_, index) => ({
    key: `${one.name}-${index}`,
    requests: { cpu: one.size },
  }))
  return { name: one.name, members, min: one.min }
}
