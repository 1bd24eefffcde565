import fc from 'fast-check'
import { test } from 'vitest'
import type { Cell, ReplicaSet, SlotRestartPolicy, Task } from '../../src/api/index.js'
import { isTaskActive, TEMPLATE_HASH_LABEL } from '../../src/api/index.js'
import { formatTime } from '../../src/core/index.js'
import {
  CELL_TASK_FINALIZER,
  isSettled,
  planCellTask,
} from '../../src/workloads/cell-tasks/cell-task-plan.js'
import { defaultCrashBackoff } from '../../src/workloads/crash-backoff.js'
import { earliestTime } from '../../src/workloads/earliest-time.js'
import { isHeldBy } from '../../src/workloads/held-task.js'
import { hasEnded, planReplicas, replicaStatus } from '../../src/workloads/replica-plan.js'
import { shownTasks } from './fixtures/job-play.js'
import type { Play } from './fixtures/lazy-and-eager.js'
import { LazyAndEager } from './fixtures/lazy-and-eager.js'
import { replicaSet, task } from './fixtures/objects.js'

/** Tasks on plain data; what a node does with them is up to the test. */
abstract class TasksPlay implements Play {
  nowMs = 0
  tasks: Task[] = []
  #made = 0

  abstract pass(): { readonly wakeAtMs?: number }
  abstract shown(): unknown

  get active(): readonly Task[] {
    return this.tasks.filter(isTaskActive)
  }

  protected make(labels: Readonly<Record<string, string>>, finalizers: readonly string[]): void {
    const name = `t-${String((this.#made += 1)).padStart(6, '0')}`
    const { metadata, spec } = task({ name, createdMs: this.nowMs })
    this.tasks.push({ apiVersion: 'v1', kind: 'Task', metadata: { ...metadata, labels, finalizers }, spec })
  }

  /** An object that is deleted and held by no finalizer is gone. */
  change(
    one: Task,
    by: (metadata: Task['metadata']) => Partial<Task['metadata']>,
    status = one.status,
  ): void {
    this.tasks = this.tasks.flatMap(known => {
      if (known.metadata.uid !== one.metadata.uid) return [known]
      const metadata = { ...known.metadata, ...by(known.metadata) }
      const isGone = metadata.deletionTimestamp !== undefined && metadata.finalizers.length === 0
      return isGone ? [] : [{ ...known, metadata, ...(status === undefined ? {} : { status }) }]
    })
  }

  delete(one: Task): void {
    this.change(one, ({ deletionTimestamp = formatTime(this.nowMs) }) => ({ deletionTimestamp }))
  }

  letGo(one: Task, finalizer: string): void {
    this.change(one, ({ finalizers }) => ({ finalizers: finalizers.filter(name => name !== finalizer) }))
  }

  report(one: Task, phase: 'Running' | 'Succeeded' | 'Failed'): void {
    const now = formatTime(this.nowMs)
    const isReady = phase === 'Running'
    const ready = { type: 'Ready', status: isReady ? 'True' : 'False', reason: 'Test', message: '' } as const
    this.change(one, () => ({}), {
      startTime: now,
      ...one.status,
      phase,
      conditions: [{ ...ready, lastTransitionTime: now }],
      ...(isReady ? {} : { finishTime: now }),
    })
  }
}

/** As the loop of replicas, without what it tells rollouts of failures. */
class ReplicaPlay extends TasksPlay {
  replicas = 2
  #status: ReplicaSet['status']
  readonly #minReadySeconds: number
  readonly #burst: number

  constructor(minReadySeconds: number, burst: number) {
    super()
    this.#minReadySeconds = minReadySeconds
    this.#burst = burst
  }

  pass(): { readonly wakeAtMs?: number } {
    const bare = replicaSet(this.replicas, this.#minReadySeconds)
    const set = this.#status === undefined ? bare : { ...bare, status: this.#status }
    const limits = { burst: this.#burst, historyLimit: 1, backoff: defaultCrashBackoff }
    const plan = planReplicas(set, { tasks: this.tasks }, limits, this.nowMs)
    const forgotten = (phase: 'Failed' | 'Succeeded') =>
      plan.remove.filter(one => hasEnded(one, phase)).length
    const { forgottenFailures = 0, forgottenSuccesses = 0 } = this.#status ?? {}
    for (const one of plan.remove) this.delete(one)
    for (let at = 0; at < plan.create; at += 1) this.make({}, ['node'])
    const after = replicaStatus(set, this.tasks, this.nowMs, {
      forgottenFailures: forgottenFailures + forgotten('Failed'),
      forgottenSuccesses: forgottenSuccesses + forgotten('Succeeded'),
      ...(plan.crashes === undefined ? {} : { crashes: plan.crashes }),
    })
    this.#status = after.status
    const wakeAtMs = earliestTime(plan.wakeAtMs, after.wakeAtMs)
    return wakeAtMs === undefined ? {} : { wakeAtMs }
  }

  /** The names of crashed tasks are of their own. */
  shown(): unknown {
    const { crashes, ...status } = this.#status ?? {}
    const { tasks: crashed = [], ...record } = crashes ?? {}
    return [status, record, crashed.length, shownTasks(this.tasks)]
  }
}

/** As the loop of cells. */
class CellPlay extends TasksPlay {
  spec: Cell['spec']
  #status: Cell['status']

  constructor(spec: Partial<Cell['spec']>) {
    super()
    this.spec = { set: 'web', key: '0', revision: 'a', ...spec }
  }

  pass(): { readonly wakeAtMs?: number } {
    const backoff = { baseMs: 1_000, maxMs: 8_000 }
    const { spec } = this
    const plan = (status: Cell['status']) =>
      planCellTask(status === undefined ? { spec } : { spec, status }, this.tasks, backoff, this.nowMs)
    const first = plan(this.#status)
    for (const one of first.remove) this.delete(one)
    for (const one of this.tasks) if (isSettled(one)) this.letGo(one, CELL_TASK_FINALIZER)
    if (plan(first.status).create) {
      const held = spec.restartPolicy === undefined ? [] : [CELL_TASK_FINALIZER]
      this.make({ [TEMPLATE_HASH_LABEL]: spec.revision }, ['node', ...held])
    }
    const last = plan(first.status)
    this.#status = last.status
    const wakeAtMs = last.remove.length === 0 ? last.wakeAtMs : this.nowMs
    return wakeAtMs === undefined ? {} : { wakeAtMs }
  }

  shown(): unknown {
    const { history = [], ...status } = this.#status ?? {}
    const held = this.tasks.filter(one => isHeldBy(CELL_TASK_FINALIZER, one)).length
    return [status, history.length, held, shownTasks(this.tasks)]
  }
}

type Change<P> = (play: P) => void

/** What a node, or somebody else, does to one of the tasks. */
const changes: fc.Arbitrary<Change<TasksPlay> | number> = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 30 }), weight: 3 },
  {
    arbitrary: fc
      .tuple(fc.nat(5), fc.constantFrom('Running' as const, 'Succeeded' as const, 'Failed' as const))
      .map(
        ([at, phase]): Change<TasksPlay> =>
          play => {
            const one = play.active[at % Math.max(1, play.active.length)]
            if (one !== undefined) play.report(one, phase)
          },
      ),
    weight: 5,
  },
  fc.nat(5).map(
    (at): Change<TasksPlay> =>
      play => {
        const one = play.tasks[at % Math.max(1, play.tasks.length)]
        if (one !== undefined) play.delete(one)
      },
  ),
  // Nodes have stopped what they were to stop.
  fc.constant<Change<TasksPlay>>(play => {
    for (const one of play.tasks) if (!isTaskActive(one)) play.letGo(one, 'node')
  }),
)

function agree<P extends TasksPlay>(
  make: () => P,
  steps: readonly (Change<P> | Change<TasksPlay> | number)[],
): void {
  const both = new LazyAndEager(make(), make())
  for (const step of steps)
    if (typeof step === 'number') both.advance(step)
    else both.change(step)
  both.advance(60)
}

const RUNS = { numRuns: 20 }

test('replicas that are looked at only when something happened, or when asked for, end as those looked at all the time', () => {
  const scaled = fc.nat(5).map(
    (replicas): Change<ReplicaPlay> =>
      play =>
        void (play.replicas = replicas),
  )
  const steps = fc.array(fc.oneof({ arbitrary: changes, weight: 6 }, scaled), { maxLength: 20 })
  fc.assert(
    fc.property(fc.nat(5), fc.integer({ min: 1, max: 4 }), steps, (minReadySeconds, burst, list) =>
      agree(() => new ReplicaPlay(minReadySeconds, burst), list),
    ),
    RUNS,
  )
})

const policies: fc.Arbitrary<SlotRestartPolicy> = fc.record({
  condition: fc.constantFrom('any' as const, 'on-failure' as const, 'none' as const),
  delaySeconds: fc.nat(3),
  maxAttempts: fc.nat(3),
  windowSeconds: fc.constantFrom(0, 5, 60),
})

test('and so does the task of a cell', () => {
  const changed = fc.record({ revision: fc.constantFrom('a', 'b'), held: fc.boolean() }).map(
    (spec): Change<CellPlay> =>
      play =>
        void (play.spec = { ...play.spec, ...spec }),
  )
  const specs = fc.record(
    {
      surge: fc.boolean(),
      completes: fc.boolean(),
      minReadySeconds: fc.nat(5),
      taskHistoryLimit: fc.nat(3),
      restartPolicy: policies,
    },
    { requiredKeys: [] },
  )
  const steps = fc.array(fc.oneof({ arbitrary: changes, weight: 6 }, changed), { maxLength: 20 })
  fc.assert(
    fc.property(specs, steps, (spec, list) => agree(() => new CellPlay(spec), list)),
    RUNS,
  )
})
