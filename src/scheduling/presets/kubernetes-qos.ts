import type { ResourceVector } from '../../core/index.js'
import type { KubernetesContainer, KubernetesPodResources } from './kubernetes-requests.js'

/** How well a pod has said what it needs. */
export type KubernetesQosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const COUNTED = ['cpu', 'memory'] as const

/**
 * The QoS class of a pod. Only cpu and memory of more than 0 count. `Guaranteed` needs both limits on every
 * container, and equal sums of requests and limits over the pod; the sums are all that Kubernetes compares.
 * Pod-level requests and limits take the place of the containers'.
 */
export function kubernetesQosClass(pod: KubernetesPodResources): KubernetesQosClass {
  const podLevel = pod.requests !== undefined || pod.limits !== undefined
  const parts: readonly KubernetesContainer[] = podLevel
    ? [{ requests: pod.requests ?? {}, limits: pod.limits ?? {} }]
    : [...(pod.initContainers ?? []), ...pod.containers]
  const requests = sumCounted(parts.map(part => part.requests))
  const limits = sumCounted(parts.map(part => part.limits))
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const isLimited = parts.every(({ limits = {} }) => COUNTED.every(name => (limits[name] ?? 0) > 0))
  const isEqual =
    requests.size === limits.size && [...requests].every(([name, sum]) => limits.get(name) === sum)
  return isLimited && isEqual ? 'Guaranteed' : 'Burstable'
}

function sumCounted(vectors: readonly (ResourceVector | undefined)[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const vector of vectors) {
    for (const name of COUNTED) {
      const amount = vector?.[name] ?? 0
      if (amount > 0) sums.set(name, (sums.get(name) ?? 0) + amount)
    }
  }
  return sums
}
