import type { ResourceVector } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'

/** The parts of a container that say what it needs, in base units. */
export interface KubernetesContainer {
  readonly requests?: ResourceVector
  readonly limits?: ResourceVector
  /** `Always` on an init container makes it a sidecar: it runs beside everything that starts after it. */
  readonly restartPolicy?: 'Always'
}

/** The parts of a pod that say what it needs, in base units. */
export interface KubernetesPodResources {
  readonly containers: readonly KubernetesContainer[]
  readonly initContainers?: readonly KubernetesContainer[]
  /** Pod-level requests; they replace the sum over the containers, resource by resource. */
  readonly requests?: ResourceVector
  readonly limits?: ResourceVector
  /** What the sandbox itself costs; added last. */
  readonly overhead?: ResourceVector
}

/** Options of {@link kubernetesRequests}. */
export interface KubernetesRequestsOptions {
  /**
   * Count 100m cpu and 200Mi memory for each container that does not say; an explicit 0 stays 0. This is what
   * kube-scheduler's LeastAllocated and MostAllocated look at. Default false.
   */
  readonly forScoring?: boolean
}

const ASSUMED: ResourceVector = { cpu: 100, memory: 200 * 1024 * 1024 }

const KUBERNETES_REQUESTS_OPTIONS = /* @__PURE__ */ knownOptions<KubernetesRequestsOptions>(
  'kubernetesRequests',
  { forScoring: true },
)

/**
 * What a pod asks of its node: for each resource the larger of what its containers and sidecars ask for together,
 * and of what each plain init container asks for with the sidecars declared before it.
 */
export function kubernetesRequests(
  pod: KubernetesPodResources,
  options: KubernetesRequestsOptions = {},
): ResourceVector {
  assertKnown(options, KUBERNETES_REQUESTS_OPTIONS)
  const { forScoring = false } = options
  const requestsOf = ({ requests = {} }: KubernetesContainer): ResourceVector =>
    forScoring ? { ...ASSUMED, ...requests } : requests
  let sidecars: ResourceVector = {}
  let initial: ResourceVector = {}
  for (const container of pod.initContainers ?? []) {
    const together = merge(sidecars, requestsOf(container), plus)
    if (container.restartPolicy === 'Always') sidecars = together
    initial = merge(initial, together, Math.max)
  }
  const steady = pod.containers.reduce((sum, container) => merge(sum, requestsOf(container), plus), sidecars)
  return merge({ ...merge(steady, initial, Math.max), ...pod.requests }, pod.overhead ?? {}, plus)
}

/** Keeps zeros: asking for none is not the same as saying nothing. */
function merge(
  a: ResourceVector,
  b: ResourceVector,
  combine: (x: number, y: number) => number,
): ResourceVector {
  const result: Record<string, number> = { ...a }
  for (const [name, amount] of Object.entries(b)) {
    const other = result[name]
    result[name] = other === undefined ? amount : combine(other, amount)
  }
  return result
}

function plus(x: number, y: number): number {
  return x + y
}
