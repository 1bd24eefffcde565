import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { countSiblings } from '../../src/core/constraints/sibling-counts.js'
import type { Taint, Toleration } from '../../src/core/index.js'
import { compileConstraints, nomadConstraints, swarmConstraint } from '../../src/core/index.js'
import type { NodeLabelExpression } from '../../src/core/internal.js'
import { compileNodeSelector } from '../../src/core/placement/node-selector.js'
import { findForbiddingTaint, isTolerated } from '../../src/core/shapes/taint-matching.js'
import { normalized } from '../../src/scheduling/classes/normalization.js'
import type {
  HostPort,
  KubernetesPodResources,
  NodeScorePlugin,
  NodeSelectorTerm,
  ShapePoint,
  WeightedResource,
} from '../../src/scheduling/index.js'
import {
  balancedAllocation,
  createScheduler,
  kubernetesProfile,
  kubernetesQosClass,
  kubernetesRequests,
  leastAllocated,
  mostAllocated,
  requestedToCapacityRatio,
} from '../../src/scheduling/index.js'
import { HostPortTable } from '../../src/scheduling/nodes/host-ports.js'
import { fieldAnswers } from './scheduling-field.js'
import { kubernetesAnswers } from './scheduling-kubernetes.js'
import { otherAnswers } from './scheduling-others.js'

interface Case {
  readonly id: string
  readonly area: string
  readonly model: string
  readonly input: unknown
  readonly expect: unknown
}

const shipped = join(import.meta.dirname, 'cases')
const folder = process.env['KEELSON_CASES'] ?? shipped
const cases = [...casesIn(folder, 'scheduling.json'), ...casesIn(folder, 'scheduling-field.json')]

function casesIn(directory: string, file: string): readonly Case[] {
  const path = join(directory, file)
  if (directory !== shipped && !existsSync(path)) return []
  return (JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly Case[] }).cases
}

/** By area. An answer is compared with the case's `expect` as it is. */
const answers: Readonly<Record<string, (input: never, expected: never) => unknown>> = {
  ...fieldAnswers,
  ...kubernetesAnswers,
  ...otherAnswers,
  requests: ({ forScoring = false, ...pod }: KubernetesPodResources & { forScoring?: boolean }) =>
    kubernetesRequests(pod, { forScoring }),
  qos: (pod: KubernetesPodResources) => kubernetesQosClass(pod),
  'filter.resources': resourceShortages,
  'filter.taints.match': (input: { taint: Taint; toleration: Toleration }) =>
    isTolerated(input.taint, [input.toleration]),
  'filter.taints': (input: { taints: Taint[]; tolerations: Toleration[] }) =>
    findForbiddingTaint(input.taints, input.tolerations) ?? null,
  'filter.hostPorts': (input: { used: HostPort[]; want: HostPort }) =>
    input.used.some(used => {
      const table = new HostPortTable()
      table.add([used], { name: '', isReserved: false })
      return table.conflict([input.want]) !== undefined
    }),
  'filter.nodeAffinity': (input: {
    terms?: NodeSelectorTerm[]
    nodeSelector?: Record<string, string>
    node: { name: string; labels: Record<string, string> }
  }) => {
    const { terms, nodeSelector = {}, node } = input
    const selects = compileNodeSelector({
      matchLabels: nodeSelector,
      ...(terms === undefined ? {} : { terms }),
    })
    return selects === undefined || selects(node)
  },
  'selector.requirement': (input: { requirement: NodeLabelExpression; labels: Record<string, string> }) =>
    compileNodeSelector({ terms: [{ matchExpressions: [input.requirement] }] })?.({
      name: 'n',
      labels: input.labels,
    }),
  'score.leastAllocated': (input: AllocationInput) =>
    allocationScore(input, resources => leastAllocated({ resources, rounding: 'whole' })),
  'score.mostAllocated': (input: AllocationInput) =>
    allocationScore(input, resources => mostAllocated({ resources, rounding: 'whole' })),
  'score.balancedAllocation': (input: AllocationInput) =>
    allocationScore(input, resources => balancedAllocation({ resources, rounding: 'whole' })),
  'score.requestedToCapacityRatio': (input: AllocationInput & { shape: ShapePoint[] }) =>
    allocationScore(input, resources => requestedToCapacityRatio({ resources, shape: input.shape })),
  'score.normalize': (input: { raw: number[]; reverse: boolean }) =>
    input.raw.map(raw => {
      const extremes = { max: Math.max(...input.raw), min: Math.min(...input.raw) }
      return normalized(raw, extremes, input.reverse ? 'reverseMax' : 'max')
    }),
  'score.taints': taintScores,
  'score.total': totalScore,
  'filter.constraints': constraintHolds,
  'filter.groupBy': groupTakes,
}

interface AllocationInput {
  readonly requested: readonly number[]
  readonly allocatable: readonly number[]
  readonly weights?: readonly number[]
}

/** The score of one empty node for a request of all that is `requested`. */
function allocationScore(
  { requested, allocatable, weights = [] }: AllocationInput,
  score: (resources: readonly WeightedResource[]) => NodeScorePlugin,
): unknown {
  const names = requested.map((_, index) => ['cpu', 'memory'][index] ?? `resource-${index}`)
  const amounts = (values: readonly number[]): Record<string, number> =>
    Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0]))
  const plugin = score(names.map((name, index) => ({ name, weight: weights[index] ?? 1 })))
  const scheduler = createScheduler({
    profile: { name: 'one', filters: [], scores: [{ plugin, weight: 1 }] },
  })
  scheduler.addNode({ name: 'n', allocatable: amounts(allocatable) })
  return scheduler.explain({ key: 'new', requests: amounts(requested) }).nodes[0]?.total
}

interface ResourcesInput {
  readonly request: Record<string, number>
  readonly node: { pods: number; allocatable: Record<string, number>; requested: Record<string, number> }
}

/** A scheduler with that one node, and what is on it, explains the request. */
function resourceShortages({ request, node }: ResourcesInput): unknown {
  const scheduler = createScheduler({ profile: kubernetesProfile() })
  scheduler.addNode({ name: 'n', allocatable: node.allocatable })
  for (let index = 0; index < node.pods; index++) {
    scheduler.addTask({ key: `t${index}`, node: 'n', requests: index === 0 ? node.requested : {} })
  }
  const [explained] = scheduler.explain({ key: 'new', requests: request }).nodes
  return explained?.filters
    .flatMap(({ reasons }) => reasons)
    .map(({ params, unresolvable }) => ({ resource: params?.['resource'], unresolvable }))
}

/** Equal nodes but for their taints, so that only the taint score differs. */
function taintScores(input: { nodes: Taint[][]; tolerations: Toleration[] }): unknown {
  const scheduler = createScheduler({ profile: kubernetesProfile() })
  for (const [index, taints] of input.nodes.entries()) {
    scheduler.addNode({ name: `n${index}`, allocatable: { cpu: 1000 }, taints })
  }
  const { nodes } = scheduler.explain({ key: 'new', tolerations: input.tolerations })
  return input.nodes.map((_, index) => nodes.find(({ node }) => node === `n${index}`)?.scores[0]?.score)
}

function totalScore(input: { weights: Record<string, number>; scores: Record<string, number> }): unknown {
  const scores = Object.entries(input.weights).map(([name, weight]) => ({
    weight,
    plugin: { name, locality: 'node' as const, score: () => input.scores[name] ?? 0 },
  }))
  const scheduler = createScheduler({ profile: { name: 'total', filters: [], scores } })
  scheduler.addNode({ name: 'n', allocatable: {} })
  const placed = scheduler.place({ key: 'new' })
  return placed.kind === 'placed' ? placed.score : placed
}

interface SwarmInput {
  readonly expr: string
  readonly node: { id: string; hostname: string; role: string; ip: string; labels: Record<string, string> }
}

interface NomadInput {
  readonly operand: string
  readonly left: string | null
  readonly right: string | null
}

function constraintHolds(input: SwarmInput | NomadInput): boolean {
  if ('expr' in input) {
    const { id, hostname, role, ip, labels } = input.node
    const prefixed = Object.entries(labels).map(([key, value]) => [`node.labels.${key}`, value])
    const attributes = { 'node.id': id, 'node.hostname': hostname, 'node.role': role, 'node.ip': ip }
    const set = compileConstraints([swarmConstraint(input.expr)])
    return set.evaluate({ ...attributes, ...Object.fromEntries(prefixed) }).length === 0
  }
  const { operand, left, right } = input
  const set = compileConstraints(
    nomadConstraints({ attribute: 'x', operator: operand, ...(right === null ? {} : { value: right }) }),
  )
  return set.evaluate(left === null ? {} : { x: left }).length === 0
}

function groupTakes(input: {
  instances: number
  groups: number
  placed: Record<string, number>
  offerValue: string
}): boolean {
  const placed = Object.entries(input.placed).flatMap(([value, count]) => Array<string>(count).fill(value))
  const set = compileConstraints([{ attribute: 'rack', operator: 'groupBy', value: input.groups }])
  const view = { instances: input.instances, siblings: () => countSiblings(placed) }
  return set.evaluate({ rack: input.offerValue }, view).length === 0
}

describe('scheduling conformance', () => {
  test.each(cases)('$id $area ($model)', async one => {
    const answer = answers[`${one.area}:${one.model}`] ?? answers[one.area]
    if (answer === undefined) throw new Error(`no answer for area ${one.area}; teach the runner`)
    expect(await answer(one.input as never, one.expect as never)).toEqual(one.expect)
  })
})
