import type { Endpoint, Service, ServicePort, Task } from '../../api/index.js'
import { isConditionTrue, isTaskFinished, TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { parseTime } from '../../core/index.js'
import { ipFamily } from '../../core/internal.js'
import { endpointConditions } from '../services/endpoint-conditions.js'

/** What tasks are to a service. */
export interface ServiceTasks {
  readonly endpoints: readonly Endpoint[]
  /** Ports of the service that no task with an address has, though there are such tasks. */
  readonly missing: readonly ServicePort[]
}

/**
 * The endpoints of a service: one for each task that has an address, has not ended, and has at least one of the
 * service's ports. An endpoint serves the ports that its task has.
 *
 * @param zoneOf the zone of a node, where one is known
 */
export function endpointsOfTasks(
  service: Service,
  tasks: readonly Task[],
  zoneOf: (nodeName: string) => string | undefined,
): ServiceTasks {
  const { ports = [] } = service.spec
  const found = new Set<ServicePort>()
  let reachable = 0
  const endpoints = tasks.flatMap(task => {
    const address = task.status?.address
    if (address === undefined || ipFamily(address) === 0 || isTaskFinished(task)) return []
    reachable++
    const numbers: Record<string, number> = {}
    for (const port of ports) {
      const number = portOf(task, port)
      if (number === undefined) continue
      numbers[port.name ?? ''] = number
      found.add(port)
    }
    const servesNone = ports.length > 0 && Object.keys(numbers).length === 0
    return servesNone ? [] : [endpointOf(service, task, { address, ports: numbers, zoneOf })]
  })
  return { endpoints, missing: reachable === 0 ? [] : ports.filter(port => !found.has(port)) }
}

interface Reached {
  readonly address: string
  readonly ports: Readonly<Record<string, number>>
  readonly zoneOf: (nodeName: string) => string | undefined
}

function endpointOf(service: Service, task: Task, { address, ports, zoneOf }: Reached): Endpoint {
  const template = task.metadata.labels[TEMPLATE_HASH_LABEL]
  const { nodeName, hostname } = task.spec
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName)
  const drainDeadlineMs = killedAtMs(task)
  return {
    id: task.metadata.name,
    addresses: [address],
    ports,
    conditions: endpointConditions({
      ready: isConditionTrue(task.status?.conditions, 'Ready'),
      deleting: task.metadata.deletionTimestamp !== undefined,
      publishNotReady: service.spec.publishNotReadyAddresses === true,
    }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(template === undefined ? {} : { template }),
    ...(drainDeadlineMs === undefined ? {} : { drainDeadlineMs }),
  }
}

/** When the grace of a task that is being deleted is over: its object says so, or when that began. */
function killedAtMs({ metadata, spec }: Task): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata
  if (deletionTimestamp === undefined) return undefined
  const { terminationGracePeriodSeconds = 30 } = spec
  return (
    parseTime(deletionTimestamp) + (deletionGracePeriodSeconds > 0 ? 0 : terminationGracePeriodSeconds * 1000)
  )
}

/** A number that the task does not map is taken as it is: the task then has an address of its own. */
function portOf(task: Task, { port, targetPort = port, protocol = 'TCP' }: ServicePort): number | undefined {
  const mapped = (task.status?.ports ?? []).find(
    candidate =>
      candidate.protocol === protocol &&
      (typeof targetPort === 'string' ? candidate.name : candidate.containerPort) === targetPort,
  )
  return mapped?.hostPort ?? (typeof targetPort === 'number' ? targetPort : undefined)
}
