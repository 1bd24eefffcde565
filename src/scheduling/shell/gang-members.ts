import type { Task } from '../../api/index.js'
import { isTaskActive } from '../../api/index.js'

/** Tasks of one gang. */
interface Members {
  /** Keys of those that have a node. */
  readonly bound: Set<string>
  /** Keys of those that have none. */
  readonly open: Set<string>
}

/** Which active tasks belong to which gang, with and without a node. */
export class GangMembers {
  readonly #gangs = new Map<string, Members>()
  readonly #gangOf = new Map<string, string>()

  /** Takes in a task as it is now. */
  set(key: string, task: Task | undefined): void {
    const before = this.#gangOf.get(key)
    const now = task === undefined || !isTaskActive(task) ? undefined : gangOfTask(task)
    if (before !== undefined) {
      const members = this.#gangs.get(before)
      members?.bound.delete(key)
      members?.open.delete(key)
      if (members !== undefined && members.bound.size + members.open.size === 0) this.#gangs.delete(before)
      this.#gangOf.delete(key)
    }
    if (now === undefined || task === undefined) return
    this.#gangOf.set(key, now)
    const members = this.#gangs.get(now) ?? { bound: new Set(), open: new Set() }
    this.#gangs.set(now, members)
    if (task.spec.nodeName === undefined) members.open.add(key)
    else members.bound.add(key)
  }

  /** How many have a node. */
  boundOf(gang: string): number {
    return this.#gangs.get(gang)?.bound.size ?? 0
  }

  /** Keys of those that have none. */
  openOf(gang: string): readonly string[] {
    return [...(this.#gangs.get(gang)?.open ?? [])]
  }

  /** Whether it runs with fewer members than it needs. */
  isBelowMinimum(task: Task): boolean {
    const gang = gangOfTask(task)
    if (gang === undefined) return false
    const bound = this.boundOf(gang)
    return bound > 0 && bound < (task.spec.gang?.minMembers ?? 0)
  }
}

/** The gang that a task is a member of: one per namespace and name. */
export function gangOfTask({ metadata, spec }: Task): string | undefined {
  return spec.gang === undefined ? undefined : `${metadata.namespace ?? ''}/${spec.gang.name}`
}
