import type { Task } from '../../api/index.js'
import { parseResources } from '../../core/index.js'
import type { HostPort } from '../nodes/host-ports.js'
import type { PlacementRequest } from '../requests/placement-request.js'

/** `namespace/name`, the key under which a scheduler knows the task. */
export function taskKey(ref: { readonly namespace?: string; readonly name: string }): string {
  return `${ref.namespace ?? ''}/${ref.name}`
}

/**
 * What a Task object asks of a node. A limit without a request is the request, as in Kubernetes.
 *
 * @throws InvalidError when an amount is not acceptable
 */
export function requestOfTask({ metadata, spec }: Task): PlacementRequest {
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

function hostPortsOf(ports: NonNullable<Task['spec']['ports']>): readonly HostPort[] {
  return ports.flatMap(({ hostPort, protocol = 'TCP' }) =>
    hostPort === undefined ? [] : [{ port: hostPort, protocol }],
  )
}
