import { Reservation, Task } from '../../api/index.js'
import { KeelsonError } from '../../core/index.js'
import type { Reader } from '../../store/index.js'
import { hasEnded } from './pool-task.js'

type Port = NonNullable<Reservation['spec']['ports']>[number]

/** A task that is to be launched on a node, for a role. */
interface Launch {
  readonly namespace: string
  readonly name: string
  readonly role: string
  readonly ports: Task['spec']['ports']
}

/**
 * Checks inside a commit that nothing that runs on a node, and nothing that is kept there for others, has one of the fixed
 * ports of a task.
 *
 * @throws KeelsonError `PoolExhausted`
 */
export function assertPorts(reader: Reader, node: string, launch: Launch): void {
  const wanted = fixedPorts(launch.ports)
  if (wanted.length === 0) return
  const index = { name: 'node', value: node }
  const running = reader.list(Task, { index }).items.filter(task => !hasEnded(task))
  const kept = reader.list(Reservation, { index }).items.filter(({ spec }) => !isFor(spec, launch))
  const taken = new Set([
    ...running.flatMap(({ spec }) => fixedPorts(spec.ports)),
    ...kept.flatMap(({ spec }) => (spec.ports ?? []).map(textOf)),
  ])
  const conflict = wanted.find(port => taken.has(port))
  if (conflict === undefined) return
  throw new KeelsonError({
    code: 'PoolExhausted',
    message: `node ${node} has port ${conflict} taken, or kept for others`,
    details: { pool: node },
  })
}

/** A role is served by what is kept for it, and for the roles above it. */
function isFor({ role, task }: Reservation['spec'], launch: Launch): boolean {
  if (task !== undefined) return task.namespace === launch.namespace && task.name === launch.name
  return role === launch.role || launch.role.startsWith(`${role}/`)
}

function fixedPorts(ports: Task['spec']['ports'] = []): readonly string[] {
  return ports.flatMap(({ hostPort, protocol = 'TCP' }) =>
    hostPort === undefined ? [] : [textOf({ hostPort, protocol })],
  )
}

function textOf({ hostPort, protocol = 'TCP' }: Port): string {
  return `${hostPort}/${protocol}`
}
