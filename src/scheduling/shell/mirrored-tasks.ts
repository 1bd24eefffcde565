import type { Task } from '../../api/index.js'

/** What is known of a task. */
export interface MirroredTask {
  readonly key: string
  /** As it was taken in last; undefined: what it takes may be something else by now. */
  told: Task | undefined
  /** The state in which it takes room; undefined: it takes none. */
  version: string | undefined
  /** Of one that takes room. */
  priority: number | undefined
  /** Of one that is active. */
  group: string | undefined
  /** It was placed here, but is not bound in the store yet. */
  isAssumed: boolean
}

/** The tasks that were told of, counted by group and priority. */
export class MirroredTasks {
  readonly #tasks = new Map<string, MirroredTask>()
  readonly #members = new Map<string, number>()
  readonly #priorities = new Map<number, number>()

  get(key: string): MirroredTask | undefined {
    return this.#tasks.get(key)
  }

  /** The same; made when nothing was known. */
  of(key: string): MirroredTask {
    let task = this.#tasks.get(key)
    if (task === undefined) {
      task = {
        key,
        told: undefined,
        version: undefined,
        priority: undefined,
        group: undefined,
        isAssumed: false,
      }
      this.#tasks.set(key, task)
    }
    return task
  }

  /** Of a task that does not exist; it is in no group, and has no priority. */
  forget({ key }: MirroredTask): void {
    this.#tasks.delete(key)
  }

  setGroup(task: MirroredTask, group: string | undefined): void {
    if (task.group === group) return
    count(this.#members, task.group, -1)
    count(this.#members, group, 1)
    task.group = group
  }

  setPriority(task: MirroredTask, priority: number | undefined): void {
    if (task.priority === priority) return
    count(this.#priorities, task.priority, -1)
    count(this.#priorities, priority, 1)
    task.priority = priority
  }

  /** How many active tasks the group has, with or without a node. */
  membersOf(group: string): number {
    return this.#members.get(group) ?? 0
  }

  /** Of a task that takes room; undefined when none does. */
  get lowestPriority(): number | undefined {
    let lowest: number | undefined
    for (const priority of this.#priorities.keys())
      if (lowest === undefined || priority < lowest) lowest = priority
    return lowest
  }
}

function count<Key>(counts: Map<Key, number>, key: Key | undefined, by: 1 | -1): void {
  if (key === undefined) return
  const sum = (counts.get(key) ?? 0) + by
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}
