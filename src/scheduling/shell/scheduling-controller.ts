import { Event, findCondition, isTaskActive, Node, Task } from '../../api/index.js'
import type { ReasonSummary } from '../../core/index.js'
import {
  formatTime,
  InvalidError,
  isKeelsonError,
  KeelsonError,
  renderReasons,
  setCondition,
} from '../../core/index.js'
import type { Backoff } from '../../core/internal.js'
import { assertKnown } from '../../core/internal.js'
import type { CacheChanges, Controller, ReconcileContext, Result } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef, Transaction } from '../../store/index.js'
import type { Profile } from '../plugins/plugin.js'
import { spreadProfile } from '../profiles/spread.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { MirrorChange } from './cluster-mirror.js'
import { ClusterMirror } from './cluster-mirror.js'
import type { SchedulingControllerOptions } from './scheduling-controller-options.js'
import { SCHEDULING_CONTROLLER_OPTIONS } from './scheduling-controller-options.js'
import { compareTasks, groupOfTask, requestOfTask, taskKey } from './task-object.js'
import { WaitingTasks } from './waiting-tasks.js'

/** Stale state of a node is corrected and the task placed again, so often; then it backs off. */
const ROUNDS_MAX = 16

/**
 * Gives every Task without a node one: writes `spec.nodeName` and the condition `Scheduled=True`, or, when no
 * node will do, `Scheduled=False` with reason `Unschedulable` and a message that counts the reasons. A task whose
 * own demands are not acceptable gets reason `InvalidRequest`; one at which a plugin throws gets `SchedulerError`, and
 * is tried again later.
 *
 * Whoever has the highest priority is placed first, of equals the task that was created first; a task that cannot be
 * placed does not hold up those behind it.
 *
 * Guarantees: a task is bound once, and never to a node that has no room for it: the binding is a transaction
 * that compares the node and every task on it with what the decision was made from. This also holds for several
 * bindings at once, stale reads, and several such controllers on one store. Unschedulable tasks are tried again
 * when they would fit somewhere, not by polling; a message is written again when its causes change, not their counts.
 * A node whose condition `Ready` is not `True` counts as tainted, with effect `NoSchedule`:
 * `keelson.dev/unreachable` for `Unknown`, `keelson.dev/not-ready` otherwise.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function createSchedulingController(options: SchedulingControllerOptions = {}): Controller {
  assertKnown(options, SCHEDULING_CONTROLLER_OPTIONS)
  const { name = 'scheduler', concurrency = 1 } = options
  const loop = new SchedulingLoop(options)
  const controller = createController({
    name,
    for: Task,
    concurrency,
    events: options.events ?? { whenKnown: Event },
    watches: [{ kind: Node, map: () => [] }],
    started: client => loop.reset(client),
    changed: ({ changes }, reader) => loop.changed(changes, reader),
    reconcile: (ref, task, ctx) => loop.reconcile(ref, task, ctx),
  })
  loop.enqueue = ref => controller.enqueue(ref, 'room was given back')
  return controller
}

type Reader = Pick<Client, 'get' | 'list'>

/** One attempt to find a node for one state of a task. */
interface Attempt {
  readonly ref: ObjectRef
  readonly key: string
  readonly task: Task
  readonly version: string
  readonly ctx: ReconcileContext
}

/** What came of telling the store. */
type Binding =
  | { readonly kind: 'bound' }
  /** The task is no longer the one that was decided about. */
  | { readonly kind: 'changed' }
  /** The decision was made from a stale state of the node; this is the present one. */
  | ({ readonly kind: 'stale'; readonly revision: number } & NodeState)

interface NodeState {
  readonly node: Node | undefined
  /** Those on the node. */
  readonly tasks: readonly Task[]
}

class SchedulingLoop {
  enqueue: (ref: ObjectRef) => void = () => {}
  readonly #profile: Profile
  readonly #schedulerName: string | undefined
  /** Tasks that are to be tried, by key. Each of them is queued, too. */
  readonly #pending = new Map<string, Task>()
  readonly #backoff: Backoff
  #mirror: ClusterMirror
  #waiting: WaitingTasks

  constructor(options: SchedulingControllerOptions) {
    const { profile = spreadProfile(), retryDelayMs = 100, retryDelayMsMax = 10_000 } = options
    for (const [field, value] of Object.entries({ retryDelayMs, retryDelayMsMax })) {
      if (Number.isFinite(value) && value >= 0) continue
      const message = 'must be a finite number of milliseconds ≥ 0'
      throw new InvalidError('scheduling controller', [{ field, value, message }])
    }
    this.#profile = profile
    this.#schedulerName = options.schedulerName
    this.#backoff = { baseMs: retryDelayMs, maxMs: retryDelayMsMax }
    this.#mirror = new ClusterMirror(profile)
    this.#waiting = new WaitingTasks(this.#backoff)
  }

  /** Starts from what is there, so that changes which were not watched leave nothing stale behind. */
  reset(reader: Reader): void {
    this.#mirror = new ClusterMirror(this.#profile)
    this.#waiting = new WaitingTasks(this.#backoff)
    for (const node of reader.list(Node).items) this.#mirror.setNode(node.metadata.name, node)
    this.#pending.clear()
    for (const task of reader.list(Task).items) {
      this.#mirror.setTask(taskKey(task.metadata), task)
      this.#note(taskKey(task.metadata), task)
    }
  }

  /** Idempotent: takes in the present state, and asks for the tasks that it may help. */
  changed(changes: CacheChanges['changes'], reader: Reader): void {
    for (const { before, after } of changes) {
      const object = after ?? before
      if (object === undefined) continue
      const {
        metadata: { namespace, name },
        kind,
      } = object
      if (kind === Node.kind) this.#noticed(this.#mirror.setNode(name, reader.get(Node, { name })))
      else if (namespace !== undefined)
        this.#taskChanged(taskKey({ namespace, name }), reader.get(Task, { namespace, name }))
    }
  }

  /** Places the first in order of those that are to be tried; as each of them is queued, each gets its turn. */
  async reconcile(ref: ObjectRef, task: Task | undefined, ctx: ReconcileContext): Promise<Result | void> {
    const key = taskKey(ref)
    this.#note(key, task)
    const wait = this.#judge(key, task, ctx.env.clock.now())
    const next = this.#first()
    if (next !== undefined) {
      this.#pending.delete(taskKey(next.metadata))
      await this.#attempt(next, ctx)
    }
    return wait
  }

  /** One that is new or has changed is to be tried; one that waits is, when its own turn says so. */
  #note(key: string, task: Task | undefined): void {
    if (task === undefined || !this.#isOurs(task)) {
      this.#pending.delete(key)
      this.#waiting.delete(key)
    } else if (!this.#waiting.has(key, versionOf(task))) this.#pending.set(key, task)
  }

  #judge(key: string, task: Task | undefined, nowMs: number): Result | void {
    if (task === undefined || !this.#waiting.has(key, versionOf(task))) return
    const verdict = this.#waiting.judge(key, versionOf(task), nowMs)
    if (verdict.kind === 'later') return requeueAfter(verdict.afterMs)
    if (verdict.kind === 'try') this.#pending.set(key, task)
  }

  #isOurs(task: Task): boolean {
    return isUnassigned(task) && task.spec.schedulerName === this.#schedulerName
  }

  #first(): Task | undefined {
    let first: Task | undefined
    for (const task of this.#pending.values())
      if (first === undefined || compareTasks(task, first) < 0) first = task
    return first
  }

  async #attempt({ metadata }: Task, ctx: ReconcileContext): Promise<void> {
    const ref = { namespace: metadata.namespace ?? '', name: metadata.name }
    const key = taskKey(ref)
    const task = ctx.client.get(Task, ref)
    if (task === undefined || !this.#isOurs(task)) return this.#note(key, task)
    const version = versionOf(task)
    this.#tell(key, task)
    try {
      await this.#place({ ref, key, task, version, ctx })
    } catch (error) {
      this.#pending.set(key, task)
      throw error
    }
  }

  async #place(attempt: Attempt): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const decision = this.#decide(attempt)
      if (decision.kind === 'refused') return this.#reportRefusal(attempt, decision)
      const binding = await this.#bind(attempt, decision)
      if (binding.kind === 'bound')
        attempt.ctx.record({ reason: 'Scheduled', note: `placed on node ${decision.node}` })
      if (binding.kind !== 'stale') return this.#waiting.delete(attempt.key)
      // What was right at the commit may be history by the time of its answer.
      const isNews = binding.revision > attempt.ctx.client.revision
      const { node, tasks } = isNews ? binding : nodeStateOf(attempt.ctx.client, decision.node)
      this.#noticed(this.#mirror.setNodeWithTasks(decision.node, node, tasks))
    }
    throw new KeelsonError({
      code: 'Conflict',
      message: `task ${attempt.key} was placed ${ROUNDS_MAX} times on nodes that had just changed; trying again later`,
      details: { kind: 'Task', ...attempt.ref, rounds: ROUNDS_MAX },
    })
  }

  /** Holds the room when it returns `placed`. */
  #decide({ key, task, version, ctx }: Attempt): Decision {
    let request: PlacementRequest | undefined
    try {
      const group = groupOfTask(task)
      request = requestOfTask(task, group === undefined ? undefined : this.#mirror.membersOf(group))
      const result = this.#mirror.assume(request)
      if (result.kind === 'placed')
        return { kind: 'placed', node: result.node, epoch: this.#mirror.epochOf(result.node) }
      const message = renderReasons(result.reasons)
      const causes = causesOf(result.reasons)
      const isKnown = this.#waiting.isKnown(key, version, causes)
      this.#waiting.failed({ key, version, request, causes, nowMs: ctx.env.clock.now() })
      return { kind: 'refused', reason: 'Unschedulable', message, isKnown }
    } catch (error) {
      const { message: causes } = error as Error
      if (!isKeelsonError(error, 'Invalid', 'OutOfRange'))
        return { kind: 'refused', reason: 'SchedulerError', message: causes, isKnown: false, error }
      this.#waiting.failed({ key, version, request: undefined, causes, nowMs: ctx.env.clock.now() })
      return { kind: 'refused', reason: 'InvalidRequest', message: causes, isKnown: false }
    }
  }

  /** Writes the binding, and releases the room when the store refused it. */
  async #bind(attempt: Attempt, placement: Placement): Promise<Binding> {
    const { ref, key, ctx } = attempt
    try {
      const binding = await ctx.client.transact(tx => this.#bindIn(tx, attempt, placement))
      this.#mirror.unassume(key)
      // Not the task as it was bound: much may have become of it before the answer came.
      this.#tell(key, ctx.client.get(Task, ref))
      return binding
    } catch (error) {
      this.#mirror.unassume(key)
      this.#tell(key, ctx.client.get(Task, ref))
      throw error
    }
  }

  /** Runs inside the commit: what it reads is what is. */
  #bindIn(tx: Transaction, { ref, version, ctx }: Attempt, { node: name, epoch }: Placement): Binding {
    const task = tx.get(Task, ref)
    if (task === undefined || !isUnassigned(task) || versionOf(task) !== version) return { kind: 'changed' }
    const { node, tasks } = nodeStateOf(tx, name)
    const isKnown =
      node !== undefined && this.#mirror.knowsNode(node) && tasks.every(one => this.#mirror.knowsTask(one))
    if (!isKnown || this.#mirror.epochOf(name) !== epoch)
      return { kind: 'stale', node, tasks, revision: tx.revision }
    tx.modify(Task, ref, draft => {
      draft.spec.nodeName = name
    })
    const now = formatTime(ctx.env.clock.now())
    const condition = {
      type: 'Scheduled',
      status: 'True',
      reason: 'Scheduled',
      message: `placed on node ${name}`,
    } as const
    tx.modifyStatus(Task, ref, draft => {
      const conditions = setCondition(task.status?.conditions, condition, now)
      draft.status = { ...draft.status, conditions: [...conditions] }
    })
    return { kind: 'bound' }
  }

  async #reportRefusal({ ref, key, task, ctx }: Attempt, refusal: Refusal): Promise<void> {
    const { reason, message, isKnown, error } = refusal
    if (isKnown && findCondition(task.status?.conditions, 'Scheduled')?.reason === reason) return
    const condition = { type: 'Scheduled', status: 'False', reason, message } as const
    const now = formatTime(ctx.env.clock.now())
    const known = task.status?.conditions
    if (known !== undefined && setCondition(known, condition, now) === known) return rethrown(error)
    try {
      await ctx.client.modifyStatus(Task, ref, draft => {
        if (draft.metadata.uid !== task.metadata.uid || draft.spec.nodeName !== undefined) return
        draft.status = {
          ...draft.status,
          conditions: [...setCondition(draft.status?.conditions, condition, now)],
        }
      })
    } catch (error) {
      if (isKeelsonError(error, 'NotFound')) return
      // A waiting task is not tried again by itself, and its status would not say why.
      this.#waiting.delete(key)
      throw error
    }
    ctx.record({ type: 'Warning', reason: 'FailedScheduling', note: message })
    rethrown(error)
  }

  #taskChanged(key: string, task: Task | undefined): void {
    this.#tell(key, task)
    this.#note(key, task)
  }

  /** Takes in a task outside a watch, and asks for those whom its room may help. */
  #tell(key: string, task: Task | undefined): void {
    this.#noticed(this.#mirror.setTask(key, task))
  }

  #noticed(change: MirrorChange): void {
    for (const ref of this.#wake(change)) this.enqueue(ref)
  }

  #wake(change: MirrorChange): readonly ObjectRef[] {
    return this.#waiting.wake(change, this.#mirror.scheduler).map(refOfKey)
  }
}

interface Refusal {
  readonly kind: 'refused'
  readonly reason: 'Unschedulable' | 'InvalidRequest' | 'SchedulerError'
  readonly message: string
  /** The same causes were told before; how many nodes give them is not worth a write. */
  readonly isKnown: boolean
  /** What a plugin threw: it is told, and tried again later. */
  readonly error?: unknown
}

interface Placement {
  readonly kind: 'placed'
  readonly node: string
  /** The state of the node that the decision was made from. */
  readonly epoch: number
}

type Decision = Refusal | Placement

function rethrown(error: unknown): void {
  if (error !== undefined) throw error
}

/** What keeps a task waiting, without how often and where. */
function causesOf({ reasons }: ReasonSummary): string {
  return JSON.stringify(reasons.map(({ code, message }) => `${code} ${message}`).sort())
}

function nodeStateOf(reader: Reader, name: string): NodeState {
  const tasks = reader.list(Task, { index: { name: 'node', value: name } }).items
  return { node: reader.get(Node, { name }), tasks }
}

function isUnassigned(task: Task): boolean {
  return task.spec.nodeName === undefined && isTaskActive(task)
}

function versionOf({ metadata }: Task): string {
  return `${metadata.uid} ${metadata.generation}`
}

/** Neither part of a key holds a slash. */
function refOfKey(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('/')
  return { namespace, name }
}
