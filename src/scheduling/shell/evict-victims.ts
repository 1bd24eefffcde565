import type { DisruptionRefusal } from '../../api/index.js'
import { DisruptionBudget, Reservation, Task, takeDisruption } from '../../api/index.js'
import { deviceAmounts, isHealthyTask } from '../../api/internal.js'
import { formatTime, KeelsonError } from '../../core/index.js'
import { labelSelectorFromObject } from '../../core/internal.js'
import type { ObjectInput, ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { HostPort } from '../nodes/host-ports.js'
import type { EvictionBudget } from '../preemption/victim-candidate.js'
import type { TaskPlacement } from '../task-ledger.js'
import type { BindingContext, Placement } from './bind-tasks.js'
import { nodeStateOf, writeBinding } from './bind-tasks.js'
import { holdNameOf } from './held-room.js'
import { hostPortsOf, isUnassigned, versionOf } from './task-object.js'

/** How long room is held beyond the grace of its victims, in ms. */
const HOLD_MS = 60_000
/** The grace of a task that names none, in seconds. */
const GRACE_SECONDS = 30

/** What is to be done in one commit: these go, and those come. */
export interface Eviction {
  /** For whom: a task, or a gang. */
  readonly by: string
  readonly placements: readonly Placement[]
  readonly victims: readonly TaskPlacement[]
}

/** What came of it. */
export type EvictionResult =
  /** The victims are gone, and the tasks have their nodes. */
  | { readonly kind: 'bound'; readonly evicted: readonly Task[] }
  /** The victims are on their way out, and their room is held for the tasks. */
  | { readonly kind: 'held'; readonly evicted: readonly Task[] }
  /** The plan was made from a state that is no more. */
  | { readonly kind: 'stale' }

/** Ends a transaction in which budgets refused, so that nothing of it is written. */
class BudgetsRefused extends KeelsonError {
  readonly refusals: readonly DisruptionRefusal[]

  constructor(refusals: readonly DisruptionRefusal[]) {
    super({ code: 'Conflict', message: 'disruption budgets refuse', details: {} })
    this.refusals = refusals
  }
}

/** The refusals, if it was they that ended the transaction. */
export function refusalsIn(error: unknown): readonly DisruptionRefusal[] | undefined {
  return error instanceof BudgetsRefused ? error.refusals : undefined
}

/**
 * Inside one commit: the budgets grant the disruption, the victims are deleted, and the tasks get their nodes; or, while
 * victims take their time, their room is held for them. All of it, or nothing.
 */
export function evictVictims(
  tx: Transaction,
  { by, placements, victims: planned }: Eviction,
  context: BindingContext & {
    readonly budgets: 'hard' | 'soft'
    readonly epochs: ReadonlyMap<string, number>
  },
): EvictionResult {
  for (const { one } of placements) {
    const task = tx.get(Task, one.ref)
    if (task === undefined || !isUnassigned(task) || versionOf(task) !== one.version) return { kind: 'stale' }
  }
  const { mirror, nowMs } = context
  for (const [name, epoch] of context.epochs) {
    const state = nodeStateOf(tx, name, context.hasReservations)
    if (!mirror.knows(name, state) || mirror.epochOf(name) !== epoch) return { kind: 'stale' }
  }
  const victims = planned.map(({ key }) => refOfKey(key))
  const { refusals } = takeDisruption(tx, { tasks: victims }, { by: `preemption by ${by}`, nowMs })
  if (refusals.length > 0 && context.budgets === 'hard') throw new BudgetsRefused(refusals)
  let graceSeconds = 0
  const evicted: Task[] = []
  for (const ref of victims) {
    const victim = tx.get(Task, ref)
    graceSeconds = Math.max(graceSeconds, victim?.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS)
    if (victim === undefined || victim.metadata.deletionTimestamp !== undefined) continue
    tx.delete(Task, ref)
    evicted.push(victim)
  }
  if (victims.every(ref => tx.get(Task, ref) === undefined)) {
    for (const placement of placements) writeBinding(tx, placement, context)
    return { kind: 'bound', evicted }
  }
  const expireTime = formatTime(nowMs + graceSeconds * 1_000 + HOLD_MS)
  for (const placement of placements) tx.create(Reservation, holdFor(placement, expireTime))
  return { kind: 'held', evicted }
}

/** What keeps the room of a task while victims leave: with the ports and devices that it was given there. */
function holdFor(
  { one: { ref, task }, node, given }: Placement,
  expireTime: string,
): ObjectInput<Reservation['spec'], never> {
  const { ports = [], devices = [], resources } = task.spec
  const hostPorts = (given.hostPorts ?? hostPortsOf(ports)).filter(({ port }) => port !== 0)
  return {
    metadata: { name: holdNameOf(task) },
    spec: {
      nodeName: node,
      task: { namespace: ref.namespace ?? '', name: ref.name },
      requests: { ...deviceAmounts(devices), ...resources?.limits, ...resources?.requests },
      ...(hostPorts.length === 0 ? {} : { ports: hostPorts.map(reservedPort) }),
      ...(given.held === undefined ? {} : { devices: given.held }),
      expireTime,
    },
  }
}

function reservedPort({ port: hostPort, protocol }: HostPort) {
  return { hostPort, ...(protocol === 'UDP' ? { protocol } : {}) }
}

/** The budgets that placed tasks count in, as they are now; what is not healthy counts in none. */
export function budgetsOf(
  reader: Pick<Reader, 'get' | 'list'>,
): (task: TaskPlacement) => readonly EvictionBudget[] {
  const byNamespace = new Map<string, readonly Budget[]>()
  return ({ key }) => {
    const ref = refOfKey(key)
    const task = reader.get(Task, ref)
    if (task === undefined || !isHealthyTask(task)) return []
    const { namespace = '', uid, labels } = task.metadata
    const known = byNamespace.get(namespace) ?? budgetsIn(reader, namespace)
    byNamespace.set(namespace, known)
    return known.flatMap(({ budget, selector, state }) =>
      selector.matches(labels) && budget.status?.grants.some(grant => grant.task === uid) !== true
        ? [state]
        : [],
    )
  }
}

interface Budget {
  readonly budget: DisruptionBudget
  readonly selector: ReturnType<typeof labelSelectorFromObject>
  readonly state: EvictionBudget
}

function budgetsIn(reader: Pick<Reader, 'list'>, namespace: string): readonly Budget[] {
  return reader.list(DisruptionBudget, { namespace }).items.map(budget => {
    const { metadata, spec, status } = budget
    const isObserved = status?.observedGeneration === metadata.generation
    const allowed = isObserved ? (status?.disruptionsAllowed ?? 0) : 0
    const selector = labelSelectorFromObject(spec.selector)
    return { budget, selector, state: { name: `${namespace}/${metadata.name}`, allowed } }
  })
}

/** Neither part of a key holds a slash. */
export function refOfKey(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('/')
  return { namespace, name }
}
