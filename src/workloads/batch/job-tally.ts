import type { Task } from '../../api/index.js'
import { isConditionTrue, isTaskFinished } from '../../api/index.js'
import { compareText } from '../../core/internal.js'
import { isTrackedTask, jobIndexOf, staysWhenDeleted } from './job-tasks.js'

/**
 * What a task is to its job.
 *
 * - `terminating`: somebody has deleted it, and it may still run: it holds its place.
 * - `ended`: not counted yet.
 * - `lost`: somebody has deleted it before it ended, and it runs no more: neither a success nor a failure.
 * - `counted`: kept to look at.
 * - `foreign`: it is not of this job.
 */
type JobTaskState = 'active' | 'terminating' | 'ended' | 'lost' | 'counted' | 'foreign'

/** What a job has to know of one task. */
interface TaskFacts {
  readonly task: Task
  readonly state: JobTaskState
  /** Undefined when it has none. */
  readonly index: number | undefined
  readonly isReady: boolean
}

/**
 * The tasks of a job by what is known of them. `update` looks into those that are not the objects of the look before:
 * stored objects do not change. So a look costs as much as has changed, and one comparison for each task that is there.
 */
export class JobTally {
  #facts: readonly TaskFacts[] = []
  /** How many active and terminating tasks have each index. */
  readonly #held = new Map<number, number>()
  readonly #byState: Readonly<Record<JobTaskState, Set<Task>>> = {
    active: new Set(),
    terminating: new Set(),
    ended: new Set(),
    lost: new Set(),
    counted: new Set(),
    foreign: new Set(),
  }
  #ready = 0
  /** Of the active and terminating ones. */
  #withoutIndex = 0
  readonly #isOwn: (task: Task) => boolean

  /** @param isOwn whether a task is of the job; must not change its mind about an object */
  constructor(isOwn: (task: Task) => boolean = () => true) {
    this.#isOwn = isOwn
  }

  count(state: JobTaskState): number {
    return this.#byState[state].size
  }

  /** By name: the order does not depend on what was seen before. */
  of(state: JobTaskState): readonly Task[] {
    return [...this.#byState[state]].sort((a, b) => compareText(a.metadata.name, b.metadata.name))
  }

  /** Of the active ones. */
  get ready(): number {
    return this.#ready
  }

  /** The indexes that an active or terminating task has. */
  get held(): ReadonlyMap<number, number> {
    return this.#held
  }

  /** Whether two of the active and terminating ones have the same index, or one has none. */
  get hasDoubles(): boolean {
    return this.#withoutIndex > 0 || this.#held.size < this.count('active') + this.count('terminating')
  }

  /** @param tasks all that there are now; in the order of the look before where they stay */
  update(tasks: readonly Task[]): this {
    const before = this.#facts
    const facts: TaskFacts[] = []
    const fresh: TaskFacts[] = []
    let at = 0
    for (const task of tasks) {
      let known = before[at]
      // What is not there any more comes first: both lists are by name. In any other order the counts are right, too.
      while (known !== undefined && known.task !== task && known.task.metadata.name < task.metadata.name) {
        this.#note(known, -1)
        known = before[++at]
      }
      if (known?.task === task) {
        facts.push(known)
        at += 1
        continue
      }
      const other = this.#look(task)
      fresh.push(other)
      facts.push(other)
    }
    for (; at < before.length; at += 1) this.#note(before[at] as TaskFacts, -1)
    for (const other of fresh) this.#note(other, 1)
    this.#facts = facts
    return this
  }

  #look(task: Task): TaskFacts {
    const isReady = isConditionTrue(task.status?.conditions, 'Ready')
    return { task, state: this.#stateOf(task), index: jobIndexOf(task), isReady }
  }

  #stateOf(task: Task): JobTaskState {
    if (!this.#isOwn(task)) return 'foreign'
    const isTracked = isTrackedTask(task)
    if (isTaskFinished(task)) return isTracked ? 'ended' : 'counted'
    if (task.metadata.deletionTimestamp === undefined) return 'active'
    return isTracked && !staysWhenDeleted(task) ? 'lost' : 'terminating'
  }

  #note({ task, state, index, isReady }: TaskFacts, by: 1 | -1): void {
    if (by === 1) this.#byState[state].add(task)
    else this.#byState[state].delete(task)
    if (state === 'active' && isReady) this.#ready += by
    if (state !== 'active' && state !== 'terminating') return
    if (index === undefined) {
      this.#withoutIndex += by
      return
    }
    const holders = (this.#held.get(index) ?? 0) + by
    if (holders === 0) this.#held.delete(index)
    else this.#held.set(index, holders)
  }
}
