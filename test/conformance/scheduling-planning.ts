import type { NodeDescription } from '../../src/scheduling/index.js'
import { createScheduler, packProfile, spreadProfile } from '../../src/scheduling/index.js'
import type { NodeTemplate } from '../../src/scheduling/planning/index.js'
import {
  checkCertificate,
  estimateNodes,
  packingBound,
  planConsolidation,
  planRebalance,
  planRepack,
} from '../../src/scheduling/planning/index.js'
import { l2Bound, volumeBound } from '../../src/scheduling/planning/packing-bound.js'

interface EstimateInput {
  readonly template: NodeTemplate['allocatable']
  readonly spread?: { readonly key: string; readonly maxSkew: number; readonly hard: boolean }
  readonly tasks: number
  readonly requests: Readonly<Record<string, number>>
}

interface ConsolidateInput {
  readonly nodes: readonly {
    name: string
    price: number
    cpu: number
    tasks: readonly { id: string; cpu: number }[]
  }[]
  readonly templates: readonly { name: string; price: number; cpu: number }[]
}

type RebalanceInput =
  | { readonly group: string; readonly perNode: Readonly<Record<string, number>>; readonly maxMoves: number }
  | {
      readonly nodes: readonly { name: string; cpu: number; tasks: readonly { id: string; cpu: number }[] }[]
      readonly maxMoves: number
    }

export const planningAnswers: Readonly<Record<string, (input: never, expected: never) => unknown>> = {
  'packing.lowerBound': (
    input: { items: number[][]; capacity: number[] } | { items: number[]; capacity: number; alpha: number },
  ) => {
    if ('alpha' in input) {
      const { items, capacity, alpha } = input
      return { volume: volumeBound(items, capacity), L2: l2Bound(items, capacity, alpha) }
    }
    return packingBound(input.items, input.capacity).volume
  },
  'capacity.estimate': (input: { nodeTemplate: [number, number]; pods: [number, number][] }) => {
    const [cpu, memory] = input.nodeTemplate
    const requests = input.pods.map(([asked, room], index) => ({
      key: `p${index}`,
      requests: { cpu: asked, memory: room },
    }))
    return estimateNodes({ name: 'new', allocatable: { cpu, memory } }, requests).nodes
  },
  'field.estimate': ({ template, spread, tasks, requests }: EstimateInput) => {
    const rule =
      spread === undefined
        ? {}
        : {
            spread: [
              {
                attribute: spread.key,
                maxSkew: spread.maxSkew,
                whenUnsatisfiable: spread.hard ? ('DoNotSchedule' as const) : ('ScheduleAnyway' as const),
              },
            ],
          }
    const wanted = Array.from({ length: tasks }, (_, index) => ({
      key: `t${index}`,
      group: 'g',
      requests,
      ...rule,
    }))
    return { nodes: estimateNodes({ name: 'new', allocatable: template }, wanted).nodes }
  },
  'field.consolidate': ({ nodes, templates }: ConsolidateInput) => {
    const scheduler = createScheduler({ profile: packProfile() })
    for (const { name, cpu, tasks } of nodes) {
      scheduler.addNode({ name, allocatable: { cpu } })
      for (const task of tasks) scheduler.addTask({ key: task.id, node: name, requests: { cpu: task.cpu } })
    }
    const { removed, moves, saved } = planConsolidation(scheduler, {
      priceOf: node => nodes.find(({ name }) => name === node)?.price,
      templates: templates.map(({ name, price, cpu }) => ({ name, price, allocatable: { cpu } })),
    })
    return { removed, moves: moves.length, saved }
  },
  'field.rebalance': (input: RebalanceInput, expected: { reason?: string }) => {
    const scheduler = createScheduler({ profile: spreadProfile() })
    if ('group' in input) {
      for (const [name, count] of Object.entries(input.perNode)) {
        scheduler.addNode({ name, allocatable: { cpu: 64_000, pods: 110 } })
        for (let index = 0; index < count; index++)
          scheduler.addTask({ key: `${name}-${index}`, node: name, group: input.group })
      }
    } else {
      for (const { name, cpu, tasks } of input.nodes) {
        scheduler.addNode({ name, allocatable: { cpu } })
        for (const task of tasks) scheduler.addTask({ key: task.id, node: name, requests: { cpu: task.cpu } })
      }
    }
    const { moves, reason } = planRebalance(scheduler, { maxMoves: input.maxMoves })
    const told = moves.map(({ from, to }) => ({ from, to }))
    return expected.reason === undefined ? { moves: told } : { moves: told, reason }
  },
  'field.bound': ({ capacity, items }: { capacity: number[]; items: number[][] }) => {
    const { volume, l2, configuration, certificate } = packingBound(items, capacity)
    if (certificate === undefined || !checkCertificate(certificate, capacity))
      throw new Error('it is not proven')
    const names = capacity.map((_, axis) => `r${axis}`)
    const scheduler = createScheduler({ profile: packProfile() })
    for (const [index, item] of items.entries()) {
      const node: NodeDescription = {
        name: `n${index}`,
        allocatable: Object.fromEntries(names.map((name, axis) => [name, capacity[axis] ?? 0])),
      }
      scheduler.addNode(node)
      const requests = Object.fromEntries(names.map((name, axis) => [name, item[axis] ?? 0]))
      scheduler.addTask({ key: `t${index}`, node: node.name, requests })
    }
    const { prices, denominator } = certificate
    const [price = 0] = prices
    const isSame = prices.every(one => one === price)
    return {
      volume,
      l2,
      configuration,
      optimum: planRepack(scheduler).nodesAfter,
      prices: isSame ? `${price}/${denominator} each` : prices.map(one => `${one}/${denominator}`).join(', '),
    }
  },
}
