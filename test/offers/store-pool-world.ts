import { Framework, Lease, Node, Reservation, Role, Task } from '../../src/api/index.js'
import { formatTime, KeelsonError } from '../../src/core/index.js'
import type { LaunchSpec, Session, StorePool, StorePoolOptions } from '../../src/offers/index.js'
import { createStorePool } from '../../src/offers/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore, tapWrites } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { heard } from './pool-world.js'

export const NAMESPACE = 'default'

const NO_ANSWER = { code: 'Unavailable', message: 'no answer came' } as const
const TEMPLATE = { spec: { command: ['sleep', '1'] } }

/** A task of so many cpus, with a template. */
export function taskOf(id: string, cpus = 1): LaunchSpec {
  return { id, need: { cpus }, data: TEMPLATE }
}

/** A store whose pools come and go. */
export class StorePoolWorld {
  readonly env: VirtualEnv = createVirtualEnv()
  readonly store: Store = createStore({
    kinds: [Framework, Lease, Node, Reservation, Role, Task],
    env: this.env,
  })

  /** While set, no write of a pool is answered, and none happens. */
  isDown = false

  /** Starts a pool in a process of its own, which `crash` ends without a word. */
  async startPool(
    process: string,
    options: StorePoolOptions = {},
  ): Promise<{ bound: StorePool; crash: () => void }> {
    const env = this.env.fork(process)
    const bound = createStorePool({ allocator: { visit: 'insertion' }, ...options })
    const client = tapWrites(this.store.client(env), (write, next) => {
      return this.isDown ? Promise.reject(new KeelsonError(NO_ANSWER)) : next(write)
    })
    const started = bound.start(client, () => {})
    await this.env.settle()
    await started
    return { bound, crash: () => env.close() }
  }

  async addNode(name: string, cpu = '4', status: 'True' | 'Unknown' = 'True'): Promise<void> {
    await this.store.create(Node, { metadata: { name }, spec: {} })
    await this.setNode(name, cpu, status)
  }

  async setNode(name: string, cpu: string, status: 'True' | 'Unknown' = 'True'): Promise<void> {
    const lastTransitionTime = formatTime(this.env.clock.now())
    await this.store.modifyStatus(Node, { name }, draft => {
      const ready = { type: 'Ready', status, reason: 'R', message: '', lastTransitionTime } as const
      draft.status = {
        capacity: { cpu, memory: '1Gi', 'ephemeral-storage': '1Gi' },
        conditions: [ready],
      }
    })
    await this.env.settle()
  }

  async setPhase(name: string, phase: 'Running' | 'Succeeded' | 'Failed'): Promise<void> {
    await this.store.modifyStatus(Task, { namespace: NAMESPACE, name }, draft => {
      draft.status = { phase }
    })
    await this.env.settle()
  }

  task(name: string): Task | undefined {
    return this.store.get(Task, { namespace: NAMESPACE, name })
  }
}

/** Acknowledges everything until nothing more comes; the states that were told, by task. */
export async function acknowledgeAll(
  env: VirtualEnv,
  session: Session,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const told: Record<string, string[]> = {}
  for (let more = true; more; ) {
    const { updates } = heard(session)
    more = updates.length > 0
    for (const { update, ack } of updates) {
      ;(told[update.task] ??= []).push(update.state)
      ack()
    }
    await env.settle()
  }
  return told
}
