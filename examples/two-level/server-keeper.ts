import type { LaunchSpec, Offer, Session, StorePool, TaskUpdate } from 'keelson/offers'

const FAILOVER_MS = 60_000
const ID = 'servers'
/** A task that ends by itself. */
const JOB = 'job-1'

/** What a {@link ServerKeeper} runs, and what it does with what it hears. */
export interface ServerKeeperOptions {
  readonly servers: number
  /** How many from when a job has ended, which runs beside the first of them. Default: no job, and no more. */
  readonly afterJob?: number
  /** Told every update. */
  readonly heard?: (update: TaskUpdate) => void
  /** Which updates it acknowledges. Default: all. */
  readonly acknowledges?: (update: TaskUpdate) => boolean
}

/** A framework that keeps so many servers running. */
export class ServerKeeper {
  readonly #options: ServerKeeperOptions
  #wanted: number
  #isJobDone: boolean
  #session: Session | undefined

  constructor(options: ServerKeeperOptions) {
    this.#options = options
    this.#wanted = options.servers
    this.#isJobDone = options.afterJob === undefined
  }

  /** To the pool that leads now; the states of the tasks that it knows. */
  connect({ pool }: StorePool): readonly string[] {
    const session = pool.subscribe({ name: ID, id: ID, roles: [ID], failoverMs: FAILOVER_MS })
    this.#session = session
    const states = session.reconcile().map(({ state }) => state)
    session.on(event => {
      if (event.type === 'update') this.#heard(event.update, event.ack)
      else if (event.type === 'offers') void this.#launch(session, event.offers)
    })
    this.#ask()
    return states
  }

  /** One server more. */
  grow(): void {
    this.#wanted++
    this.#ask()
  }

  #heard(update: TaskUpdate, ack: () => void): void {
    const { heard, acknowledges = () => true, afterJob } = this.#options
    heard?.(update)
    if (update.task === JOB && update.state === 'finished' && !this.#isJobDone) {
      this.#isJobDone = true
      this.#wanted = Math.max(this.#wanted, afterJob ?? 0)
    }
    if (acknowledges(update)) ack()
    this.#ask()
  }

  #ask(): void {
    if (this.#session?.connected !== true) return
    const count = this.#missing().length
    this.#session.request(count > 0 ? [{ shape: { cpus: 0.5, mem: 64 }, count }] : [])
  }

  #missing(): readonly string[] {
    const known = new Set(this.#session?.reconcile().map(({ task }) => task))
    const servers = Array.from({ length: this.#wanted }, (_, n) => `server-${n + 1}`)
    return [...(this.#isJobDone ? [] : [JOB]), ...servers].filter(id => !known.has(id))
  }

  async #launch(session: Session, offers: readonly Offer[]): Promise<void> {
    for (const offer of offers) {
      const tasks = this.#missing().map(taskOf)
      await session.accept([offer], [{ op: 'launch', tasks }])
    }
    this.#ask()
  }
}

function taskOf(id: string): LaunchSpec {
  const server = {
    command: ['node', 'server.mjs'],
    ports: [{ name: 'http', containerPort: 0 }],
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
  }
  const spec = id === JOB ? { command: ['sleep', '1'] } : server
  return { id, need: { cpus: 0.5, mem: 64 }, data: { spec } }
}
