import { compareText } from '../core/internal.js'
import type { PlacementRequest } from './requests/placement-request.js'

/** A task that has its node: the whole request, and where it is. */
export interface TaskPlacement extends PlacementRequest {
  /** Name of the node; it need not be known yet. */
  readonly node: string
  /** When it started; of equals, the `kubernetes` strategy of preemption spares the older. Default: not yet. */
  readonly startedAtMs?: number
  /**
   * No task, but room held for the request with this key: it alone is placed as if the room were free, and gives it up
   * when it is.
   */
  readonly reservedFor?: string
}

/** Which task is on which node and in which group, also for nodes that are not known (any more, or yet). */
export class TaskLedger {
  readonly #byKey = new Map<string, TaskPlacement>()
  readonly #byNode = new Map<string, Map<string, TaskPlacement>>()
  readonly #byGroup = new Map<string, Map<string, TaskPlacement>>()

  readonly #byHolder = new Map<string, Map<string, TaskPlacement>>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): TaskPlacement | undefined {
    return this.#byKey.get(key)
  }

  /** In the order of the keys. */
  on(node: string): readonly TaskPlacement[] {
    return [...(this.#byNode.get(node)?.values() ?? [])].sort(byKey)
  }

  /** The siblings of a group, in the order of the keys. */
  inGroup(group: string): readonly TaskPlacement[] {
    return [...(this.#byGroup.get(group)?.values() ?? [])].sort(byKey)
  }

  /** Room that is held for the request with that key. */
  reservedFor(key: string): readonly TaskPlacement[] {
    const held = this.#byHolder.get(key)
    return held === undefined ? NONE : [...held.values()]
  }

  /** All tasks, in no useful order. */
  all(): Iterable<TaskPlacement> {
    return this.#byKey.values()
  }

  add(entry: TaskPlacement): void {
    this.#byKey.set(entry.key, entry)
    put(this.#byNode, entry.node, entry)
    if (entry.group !== undefined) put(this.#byGroup, entry.group, entry)
    if (entry.reservedFor !== undefined) put(this.#byHolder, entry.reservedFor, entry)
  }

  remove(key: string): TaskPlacement | undefined {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return undefined
    this.#byKey.delete(key)
    take(this.#byNode, entry.node, key)
    if (entry.group !== undefined) take(this.#byGroup, entry.group, key)
    if (entry.reservedFor !== undefined) take(this.#byHolder, entry.reservedFor, key)
    return entry
  }
}

const NONE: readonly TaskPlacement[] = Object.freeze([])

type Tables = Map<string, Map<string, TaskPlacement>>

function put(tables: Tables, name: string, entry: TaskPlacement): void {
  const table = tables.get(name)
  if (table === undefined) tables.set(name, new Map([[entry.key, entry]]))
  else table.set(entry.key, entry)
}

function take(tables: Tables, name: string, key: string): void {
  const table = tables.get(name)
  table?.delete(key)
  if (table?.size === 0) tables.delete(name)
}

function byKey(a: TaskPlacement, b: TaskPlacement): number {
  return compareText(a.key, b.key)
}
