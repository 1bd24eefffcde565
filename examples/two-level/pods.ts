import { parseResources } from 'keelson/core'
import type { OfferPool, PoolView, Session } from 'keelson/offers'
import type { Scheduler } from 'keelson/scheduling'
import { createScheduler } from 'keelson/scheduling'
import type { Program } from './processes.js'

/** A pod to be run once; those of one gang start together or not at all. */
export interface Pod {
  readonly id: string
  readonly program: Program
  readonly gang?: string
}

const NEED = { cpus: 1, mem: 64 }
const REQUESTS = parseResources({ cpu: 1, memory: '64Mi' })
const LOOK_EACH_MS = 100
/** A pod that ended so is run again. */
const LOST: ReadonlySet<string> = new Set(['failed', 'killed', 'dropped'])

/**
 * A scheduler that thinks like Kubernetes: it follows what all agents have, at the cost of what changed, decides for
 * itself, and binds by optimistic claims.
 */
export class Pods {
  readonly session: Session
  readonly finished: Set<string> = new Set()
  conflicts = 0
  readonly #scheduler: Scheduler = createScheduler()
  readonly #waiting: Pod[]
  readonly #pods: ReadonlyMap<string, Pod>
  #seen = -1
  #timer: NodeJS.Timeout | undefined

  constructor(pool: OfferPool, pods: readonly Pod[]) {
    this.#waiting = [...pods]
    this.#pods = new Map(pods.map(pod => [pod.id, pod]))
    this.session = pool.subscribe({ name: 'pods', id: 'pods', roles: ['pods'] })
    this.#ask()
  }

  get isComplete(): boolean {
    return this.finished.size === this.#pods.size
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Reads events until the pool closes. */
  async run(): Promise<void> {
    this.#timer = setInterval(() => this.#schedule(), LOOK_EACH_MS)
    for await (const event of this.session) {
      // It is its turn: what it was offered is free again at once, for claims of its own choice.
      if (event.type === 'offers') this.session.decline(event.offers, { refuseMs: 1_000 })
      if (event.type === 'update') {
        const { task, state } = event.update
        event.ack()
        if (state === 'finished') this.finished.add(task)
        else if (LOST.has(state)) this.#waiting.push(this.#pods.get(task)!)
        this.#ask()
      }
      this.#schedule()
    }
    clearInterval(this.#timer)
  }

  #schedule(): void {
    if (!this.session.connected) return clearInterval(this.#timer)
    while (this.#bindNext());
  }

  /** Binds the first pod, or its whole gang; false when there is none, or no room. */
  #bindNext(): boolean {
    this.#follow(this.session.view())
    const [first] = this.#waiting
    if (first === undefined) return false
    const together =
      first.gang === undefined ? [first] : this.#waiting.filter(({ gang }) => gang === first.gang)
    // Decided on a copy: what the gang would use is in it, until the claim is granted.
    const trial = this.#scheduler.fork()
    const items = together.flatMap(({ id, program }) => {
      const found = trial.place({ key: id, requests: REQUESTS })
      if (found.kind !== 'placed') return []
      trial.addTask({ key: id, node: found.node, requests: REQUESTS })
      return [{ agent: found.node, tasks: [{ id, need: NEED, data: program }] }]
    })
    if (items.length < together.length) return false
    const { committed, rejected } = this.session.claim(items, { mode: 'atomic' })
    if (rejected.length > 0) this.conflicts++
    for (const id of committed)
      this.#waiting.splice(
        this.#waiting.findIndex(pod => pod.id === id),
        1,
      )
    this.#ask()
    return committed.length > 0
  }

  /** Takes in only what changed since it looked last. */
  #follow(view: PoolView): void {
    const changed = view.changes(this.#seen)
    this.#seen = view.version
    const ids = changed === 'all' ? [...view.agents()].map(({ id }) => id) : changed
    for (const id of ids) {
      const agent = view.agent(id)
      this.#scheduler.removeNode(id)
      if (agent?.active !== true) continue
      const { cpus = 0, mem = 0 } = agent.free.quantities()
      const allocatable = parseResources({ cpu: cpus, memory: `${Math.floor(mem)}Mi`, pods: 10 })
      this.#scheduler.addNode({ name: id, allocatable })
    }
  }

  /** The pool knows what waits, so that it does not count as contented. */
  #ask(): void {
    if (!this.session.connected) return
    const count = this.#waiting.length
    this.session.request(count > 0 ? [{ shape: NEED, count }] : [])
  }
}
