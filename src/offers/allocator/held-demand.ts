import { addTo } from './columns.js'

/** Tasks of a client's demand that open offers hold, by agent and by grant. */
export class HeldDemand<A> {
  readonly #byAgent = new Map<A, Map<number, readonly number[]>>()
  readonly #sums: number[] = []

  /** Tasks that are held, by line of the demand; lines beyond the end: none. */
  get tasks(): readonly number[] {
    return this.#sums
  }

  /** A grant holds so many more tasks, by line. */
  add(agent: A, id: number, tasks: readonly number[]): void {
    const grants = this.#byAgent.get(agent)
    if (grants === undefined) this.#byAgent.set(agent, new Map([[id, tasks]]))
    else {
      const sum = [...(grants.get(id) ?? [])]
      addTo(sum, tasks)
      grants.set(id, sum)
    }
    addTo(this.#sums, tasks)
  }

  /** Grants on an agent, by default all, hold nothing any more. False: they held nothing. */
  remove(agent: A, grantIds?: readonly number[]): boolean {
    const grants = this.#byAgent.get(agent)
    if (grants === undefined) return false
    let some = false
    for (const id of grantIds ?? [...grants.keys()]) {
      const tasks = grants.get(id)
      if (tasks === undefined) continue
      some = grants.delete(id)
      addTo(this.#sums, tasks, -1)
    }
    if (grants.size === 0) this.#byAgent.delete(agent)
    return some
  }

  clear(): void {
    this.#byAgent.clear()
    this.#sums.length = 0
  }

  *[Symbol.iterator](): IterableIterator<{
    readonly agent: A
    readonly id: number
    readonly tasks: readonly number[]
  }> {
    for (const [agent, grants] of this.#byAgent) for (const [id, tasks] of grants) yield { agent, id, tasks }
  }
}
