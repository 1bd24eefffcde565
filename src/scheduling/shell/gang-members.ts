import type { Task } from '../../api/index.js'
import { isTaskActive } from '../../api/index.js'

/** Tasks of one gang. */
interface Members {
  /** Keys of those that have a node. */
  readonly bound: Set<string>
  /** Keys of those that have none. */
  readonly open: Set<string>
  /** How many members name each number as the least. */
  readonly minimums: Map<number, number>
}

/** What a change of a task did to its gang. */
export interface GangChange {
  /** The gangs that run with fewer members than they need now and did not before, or the other way round. */
  readonly flipped: readonly string[]
  /** The gang that has one more with a node. */
  readonly grown: string | undefined
}

const NO_CHANGE: GangChange = Object.freeze({ flipped: [], grown: undefined })

/** Which active tasks belong to which gang, with and without a node. */
export class GangMembers {
  readonly #gangs = new Map<string, Members>()
  readonly #memberOf = new Map<string, { readonly gang: string; readonly minMembers: number }>()

  /** Takes in a task as it is now. */
  set(key: string, task: Task | undefined): GangChange {
    const before = this.#memberOf.get(key)?.gang
    const now = task === undefined || !isTaskActive(task) ? undefined : gangOfTask(task)
    if (before === undefined && now === undefined) return NO_CHANGE
    const concerned = [...new Set([before, now])].filter(gang => gang !== undefined)
    const wasBelow = concerned.map(gang => this.isBelowMinimum(gang))
    const bound = now === undefined ? 0 : this.boundOf(now)
    this.#remove(key)
    if (now !== undefined && task !== undefined) this.#add(key, now, task)
    return {
      flipped: concerned.filter((gang, index) => this.isBelowMinimum(gang) !== wasBelow[index]),
      grown: now !== undefined && this.boundOf(now) > bound ? now : undefined,
    }
  }

  #add(key: string, gang: string, task: Task): void {
    const minMembers = task.spec.gang?.minMembers ?? 1
    this.#memberOf.set(key, { gang, minMembers })
    const members = this.#gangs.get(gang) ?? { bound: new Set(), open: new Set(), minimums: new Map() }
    this.#gangs.set(gang, members)
    members.minimums.set(minMembers, (members.minimums.get(minMembers) ?? 0) + 1)
    if (task.spec.nodeName === undefined) members.open.add(key)
    else members.bound.add(key)
  }

  #remove(key: string): void {
    const known = this.#memberOf.get(key)
    const members = known === undefined ? undefined : this.#gangs.get(known.gang)
    if (known === undefined || members === undefined) return
    this.#memberOf.delete(key)
    members.bound.delete(key)
    members.open.delete(key)
    const count = (members.minimums.get(known.minMembers) ?? 0) - 1
    if (count > 0) members.minimums.set(known.minMembers, count)
    else members.minimums.delete(known.minMembers)
    if (members.bound.size + members.open.size === 0) this.#gangs.delete(known.gang)
  }

  /** How many have a node. */
  boundOf(gang: string): number {
    return this.#gangs.get(gang)?.bound.size ?? 0
  }

  /** Keys of those that have none. */
  openOf(gang: string): readonly string[] {
    return [...(this.#gangs.get(gang)?.open ?? [])]
  }

  /** How many must run together: the largest number that a member names; 0 for a gang without members. */
  minimumOf(gang: string): number {
    return Math.max(0, ...(this.#gangs.get(gang)?.minimums.keys() ?? []))
  }

  /** Whether it runs with fewer members than it needs. */
  isBelowMinimum(gang: string): boolean {
    const bound = this.boundOf(gang)
    return bound > 0 && bound < this.minimumOf(gang)
  }
}

/** The gang that a task is a member of: one per namespace and name. */
export function gangOfTask({ metadata, spec }: Task): string | undefined {
  return spec.gang === undefined ? undefined : `${metadata.namespace ?? ''}/${spec.gang.name}`
}
