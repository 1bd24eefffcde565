import type { Constraint, ResourceInput, Toleration } from '../../core/index.js'
import { parseResources } from '../../core/index.js'
import type { HostPort } from '../nodes/host-ports.js'
import type { PlacementRequest } from '../requests/placement-request.js'

/** The parts of a Task object that placing looks at. */
export interface TaskObject {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: {
    readonly resources?: { readonly requests?: ResourceInput; readonly limits?: ResourceInput }
    readonly nodeSelector?: Readonly<Record<string, string>>
    readonly tolerations?: readonly Toleration[]
    readonly constraints?: readonly Constraint[]
    readonly ports?: readonly { readonly protocol?: 'TCP' | 'UDP'; readonly hostPort?: number }[]
  }
}

/** `namespace/name`, the key under which a scheduler knows the task. */
export function taskKey(ref: { readonly namespace?: string; readonly name: string }): string {
  return `${ref.namespace ?? ''}/${ref.name}`
}

/**
 * What a Task object asks of a node. A limit without a request is the request, as in Kubernetes.
 *
 * @throws InvalidError when an amount is not acceptable
 */
export function requestOfTask({ metadata, spec }: TaskObject): PlacementRequest {
  const { requests = {}, limits = {} } = spec.resources ?? {}
  return {
    key: taskKey(metadata),
    requests: { ...parseResources(limits), ...parseResources(requests) },
    nodeSelector: { matchLabels: spec.nodeSelector ?? {} },
    tolerations: spec.tolerations ?? [],
    constraints: spec.constraints ?? [],
    hostPorts: hostPortsOf(spec.ports ?? []),
  }
}

function hostPortsOf(ports: NonNullable<TaskObject['spec']['ports']>): readonly HostPort[] {
  return ports.flatMap(({ hostPort, protocol = 'TCP' }) =>
    hostPort === undefined ? [] : [{ port: hostPort, protocol }],
  )
}
