import type {
  LaunchSpec,
  Offer,
  OfferPool,
  PoolOptions,
  RescindReason,
  ResourceSet,
  Session,
  TaskUpdate,
} from '../../src/offers/index.js'
import { createPool, resources } from '../../src/offers/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

/** A start or a stop that a driver was told of. */
export type DriverCall =
  | { readonly call: 'launch'; readonly agent: string; readonly task: string; readonly take: ResourceSet }
  | {
      readonly call: 'kill'
      readonly agent: string
      readonly task: string
      readonly graceMs: number
      readonly framework: string
    }

/** A pool on virtual time that is stepped by hand, with a driver that remembers. */
export class PoolWorld {
  readonly env: VirtualEnv = createVirtualEnv()
  readonly calls: DriverCall[] = []
  readonly pool: OfferPool
  /** What the driver does with a launch. */
  onLaunch: (task: LaunchSpec) => Promise<void> = async () => {}

  constructor(options: Partial<PoolOptions> = {}) {
    this.pool = createPool({
      env: this.env,
      manual: true,
      allocator: { visit: 'insertion' },
      driver: {
        launch: (agent, task, take) => {
          this.calls.push({ call: 'launch', agent, task: task.id, take })
          return this.onLaunch(task)
        },
        kill: async (agent, task, graceMs, framework) => {
          this.calls.push({ call: 'kill', agent, task, graceMs, framework })
        },
      },
      ...options,
    })
  }

  agent(id: string, text = 'cpus:4;mem:4096'): ReturnType<OfferPool['agent']> {
    return this.pool.agent({ id, resources: resources(text) })
  }

  /** Steps at a time, in ms since the start of the world. */
  async stepAt(ms: number): Promise<void> {
    const start = this.#startMs
    await this.env.advance(start + ms - this.env.clock.now())
    this.pool.step()
  }

  readonly #startMs: number = this.env.clock.now()

  get nowMs(): number {
    return this.env.clock.now() - this.#startMs
  }
}

/** What a session heard since it was asked last, by kind. */
export function heard(session: Session): {
  readonly offers: readonly Offer[]
  readonly rescinds: readonly { readonly offer: string; readonly reason: RescindReason }[]
  readonly updates: readonly { readonly update: TaskUpdate; readonly ack: () => void }[]
  readonly ends: readonly string[]
} {
  const events = session.take()
  return {
    offers: events.flatMap(event => (event.type === 'offers' ? event.offers : [])),
    rescinds: events.flatMap(event =>
      event.type === 'rescind' ? [{ offer: event.offer, reason: event.reason }] : [],
    ),
    updates: events.flatMap(event =>
      event.type === 'update' ? [{ update: event.update, ack: event.ack }] : [],
    ),
    ends: events.flatMap(({ type }) => (type === 'failedOver' || type === 'closed' ? [type] : [])),
  }
}
