import { compareText } from '../core/internal.js'
import type { TaskDemand } from './nodes/node-table.js'

/** A task, where it is, and what it holds there. */
export interface PlacedTask extends TaskDemand {
  readonly key: string
  readonly node: string
}

/** Which task is on which node, also for nodes that are not known (any more, or yet). */
export class TaskLedger {
  readonly #byKey = new Map<string, PlacedTask>()
  readonly #byNode = new Map<string, Map<string, PlacedTask>>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): PlacedTask | undefined {
    return this.#byKey.get(key)
  }

  /** In the order of the keys. */
  on(node: string): readonly PlacedTask[] {
    return [...(this.#byNode.get(node)?.values() ?? [])].sort((a, b) => compareText(a.key, b.key))
  }

  add(entry: PlacedTask): void {
    this.#byKey.set(entry.key, entry)
    const onNode = this.#byNode.get(entry.node)
    if (onNode === undefined) this.#byNode.set(entry.node, new Map([[entry.key, entry]]))
    else onNode.set(entry.key, entry)
  }

  remove(key: string): PlacedTask | undefined {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return undefined
    this.#byKey.delete(key)
    const onNode = this.#byNode.get(entry.node)
    onNode?.delete(key)
    if (onNode?.size === 0) this.#byNode.delete(entry.node)
    return entry
  }

  clone(): TaskLedger {
    const copy = new TaskLedger()
    for (const entry of this.#byKey.values()) copy.add(entry)
    return copy
  }
}
