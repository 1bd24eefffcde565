import type { LabelSelectorObject, Taint } from '../../src/core/index.js'
import { backoffMs } from '../../src/core/internal.js'
import { normalized } from '../../src/scheduling/classes/normalization.js'
import type { Normalization, PlacementRequest, Scheduler } from '../../src/scheduling/index.js'
import { createScheduler, kubernetesProfile } from '../../src/scheduling/index.js'
import { kubernetesEvictionOrder } from '../../src/scheduling/presets/kubernetes-eviction.js'
import type { KubernetesVictims } from '../../src/scheduling/presets/kubernetes-preemption.js'
import {
  compareKubernetesVictims,
  kubernetesVictims,
} from '../../src/scheduling/presets/kubernetes-preemption.js'
import {
  kubernetesNodesToFind,
  kubernetesPreemptionCandidates,
} from '../../src/scheduling/presets/kubernetes-sampling.js'
import { imageScore } from '../../src/scheduling/scores/image-locality.js'

interface Pod {
  readonly labels?: Readonly<Record<string, string>>
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly affinity?: readonly Term[]
  readonly antiAffinity?: readonly Term[]
  readonly namespace?: string
  readonly terminating?: boolean
  readonly tolerations?: PlacementRequest['tolerations'] & {}
}

interface Term {
  readonly topologyKey: string
  readonly labelSelector?: LabelSelectorObject
  readonly namespaces?: readonly string[]
}

interface PodNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly pods: readonly Pod[]
}

export const kubernetesAnswers: Readonly<Record<string, (input: never, expected: never) => unknown>> = {
  'score.normalizeMinMax': ({ raw }: { raw: number[] }) => normalizeAll(raw, 'minMax'),
  'score.imageLocality': (input: {
    imagesOnNode: { size: number; nodes: number }[]
    containers: number
    totalNodes: number
  }) => {
    const bytes = input.imagesOnNode.reduce(
      (sum, { size, nodes }) => sum + Math.trunc((size * nodes) / input.totalNodes),
      0,
    )
    return imageScore(bytes, input.containers)
  },
  'score.nodeAffinity:kubernetes-1.34': preferredNodes,
  'filter.topologySpread': spreadVerdicts,
  'score.topologySpread': (input: { domainCounts: number[]; maxSkew: number }) => {
    const weight = Math.log(input.domainCounts.length + 2)
    const raw = input.domainCounts.map(count => Math.round(count * weight + (input.maxSkew - 1)))
    return { raw, normalized: normalizeAll(raw, 'reverseSum') }
  },
  'filter.interPodAffinity': affinityVerdicts,
  'sampling:kubernetes-1.34 adaptive percentageOfNodesToScore': ({ nodes }: { nodes: number[] }) =>
    nodes.map(count => kubernetesNodesToFind(count)),
  'queue.backoff:kubernetes-1.34': (input: { initialMs: number; maxMs: number; attempts: number[] }) =>
    input.attempts.map(attempts => backoffMs({ baseMs: input.initialMs, maxMs: input.maxMs }, attempts)),
  'queue.order': ({ queue }: { queue: { id: string; prio: number; t: number }[] }) =>
    [...queue].sort((a, b) => b.prio - a.prio || a.t - b.t).map(({ id }) => id),
  'preemption.victims:kubernetes-1.34': podVictims,
  'preemption.node': betterNodes,
  'preemption.candidates': ({ potentialNodes }: { potentialNodes: number[] }) =>
    potentialNodes.map(kubernetesPreemptionCandidates),
  'eviction.order': (input: { pods: { id: string; use: number; req: number; prio: number }[] }) =>
    kubernetesEvictionOrder(
      input.pods.map(({ id, use, req, prio }) => ({ id, used: use, requested: req, priority: prio })),
    ),
}

function normalizeAll(raw: readonly number[], how: Normalization): readonly number[] {
  const extremes = { max: Math.max(...raw), min: Math.min(...raw) }
  return raw.map(one => normalized(one, extremes, how))
}

interface Preferred {
  readonly weight: number
  readonly preference: {
    readonly matchExpressions?: readonly { key: string; operator: 'In'; values?: string[] }[]
  }
}

function preferredNodes(input: {
  preferred: Preferred[]
  nodes: { labels: Record<string, string> }[]
}): unknown {
  const scheduler = createScheduler({ profile: kubernetesProfile() })
  for (const [index, { labels }] of input.nodes.entries())
    scheduler.addNode({ name: `n${index}`, labels, allocatable: {} })
  const preferences = input.preferred.map(({ weight, preference }) => ({ weight, ...preference }))
  const explained = scheduler.explain({ key: 'new', preferences }).nodes
  const normalizedScores = input.nodes.map(
    (_, index) =>
      explained
        .find(({ node }) => node === `n${index}`)
        ?.scores.find(({ plugin }) => plugin === 'node-affinity')?.score,
  )
  const raw = input.nodes.map(({ labels }) =>
    input.preferred.reduce((sum, one) => sum + (matches(one, labels) ? one.weight : 0), 0),
  )
  return { raw, normalized: normalizedScores }
}

function matches({ preference }: Preferred, labels: Readonly<Record<string, string>>): boolean {
  const { matchExpressions = [] } = preference
  return (
    matchExpressions.length > 0 &&
    matchExpressions.every(
      ({ key, values }) => key in labels && (values === undefined || values.includes(labels[key] ?? '')),
    )
  )
}

/** A scheduler with the nodes and the pods on them. */
function clusterOf(nodes: readonly PodNode[]): Scheduler {
  const scheduler = createScheduler({ profile: kubernetesProfile() })
  for (const { name, labels, taints = [], pods } of nodes) {
    scheduler.addNode({ name, labels, taints, allocatable: {} })
    for (const [index, pod] of pods.entries())
      if (pod.terminating !== true) scheduler.addTask({ ...requestOf(pod, `${name}-${index}`), node: name })
  }
  return scheduler
}

function requestOf(pod: Pod, key: string): PlacementRequest {
  const terms = (kind: 'affinity' | 'antiAffinity', list: readonly Term[] = []) =>
    list.map(({ topologyKey, labelSelector = {}, namespaces }) => ({
      kind,
      attribute: topologyKey,
      labelSelector,
      ...(namespaces === undefined ? {} : { namespaces }),
    }))
  return {
    key,
    labels: pod.labels ?? {},
    namespace: pod.namespace ?? '',
    tolerations: pod.tolerations ?? [],
    affinity: [...terms('affinity', pod.affinity), ...terms('antiAffinity', pod.antiAffinity)],
    ...(pod.nodeSelector === undefined ? {} : { nodeSelector: { matchLabels: pod.nodeSelector } }),
  }
}

/** What one filter says of each node, and nothing else. */
function verdicts(
  scheduler: Scheduler,
  request: PlacementRequest,
  plugin: string,
  words: Readonly<Record<string, string>>,
): unknown {
  const { nodes } = scheduler.explain(request)
  const names = scheduler.nodes().map(({ name }) => name)
  return Object.fromEntries(
    names.map(name => {
      const filters = nodes.find(({ node }) => node === name)?.filters ?? []
      const [reason] = filters.find(filter => filter.plugin === plugin)?.reasons ?? []
      return [name, reason === undefined ? 'ok' : words[reason.code]]
    }),
  )
}

function spreadVerdicts(input: {
  pod: Pod
  constraint: Omit<NonNullable<PlacementRequest['spread']>[number], 'attribute'> & { topologyKey: string }
  nodes: PodNode[]
}): unknown {
  const { topologyKey, ...rule } = input.constraint
  const spread = [{ attribute: topologyKey, ...rule }]
  return verdicts(clusterOf(input.nodes), { ...requestOf(input.pod, 'new'), spread }, 'topology-spread', {
    TopologySpread: 'skew',
    AttributeMissing: 'missing-key',
  })
}

function affinityVerdicts(input: { pod: Pod; nodes: PodNode[] }): unknown {
  return verdicts(clusterOf(input.nodes), requestOf(input.pod, 'new'), 'task-affinity', {
    Affinity: 'affinity',
    AntiAffinity: 'anti-affinity',
    ExistingAntiAffinity: 'existing-anti-affinity',
  })
}

interface PodOnNode {
  readonly id: string
  readonly cpu: number
  readonly prio: number
  readonly start: number
  readonly labels?: Readonly<Record<string, string>>
}

function podVictims(input: {
  pod: { cpu: number; prio: number }
  node: { cpu: number; pods: PodOnNode[] }
  pdbs?: { sel: Record<string, string>; allowed: number }[]
}): unknown {
  const { pod, node, pdbs = [] } = input
  const lower = node.pods
    .filter(({ prio }) => prio < pod.prio)
    .sort((a, b) => b.prio - a.prio || a.start - b.start)
  const left = pdbs.map(({ allowed }) => allowed)
  const candidates = lower.map(({ id, prio, start, labels }) => {
    let violates = false
    for (const [index, { sel }] of pdbs.entries()) {
      const pairs = Object.entries(sel)
      if (labels === undefined || pairs.length === 0) continue
      if (!pairs.every(([key, value]) => labels[key] === value)) continue
      left[index] = (left[index] ?? 0) - 1
      if ((left[index] ?? 0) < 0) violates = true
    }
    return { id, priority: prio, startedAt: start, violates }
  })
  const found = kubernetesVictims(candidates, gone => {
    const used = node.pods.filter(({ id }) => !gone.has(id)).reduce((sum, { cpu }) => sum + cpu, 0)
    return used + pod.cpu <= node.cpu
  })
  return found === undefined
    ? { impossible: true }
    : { victims: found.victims.map(({ id }) => id), pdbViolations: found.violations }
}

function betterNodes(
  input: Record<string, { pdbViolations: number; pods: { prio: number; start: number }[] }>,
): unknown {
  const all = Object.entries(input).map(([name, { pdbViolations, pods }]): [string, KubernetesVictims] => [
    name,
    {
      violations: pdbViolations,
      victims: pods.map(({ prio, start }, index) => ({
        id: `${name}-${index}`,
        priority: prio,
        startedAt: start,
        violates: index < pdbViolations,
      })),
    },
  ])
  const ordered = all.sort(([, a], [, b]) => compareKubernetesVictims(a, b))
  const [, best] = ordered[0] as [string, KubernetesVictims]
  return ordered.filter(([, one]) => compareKubernetesVictims(best, one) === 0).map(([name]) => name)
}
