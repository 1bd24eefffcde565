import assert from 'node:assert/strict'
import { Framework, isConditionTrue, Lease, Node, Reservation, Role, Task } from 'keelson/api'
import type { Env } from 'keelson/core'
import { systemEnv } from 'keelson/core'
import type { LaunchSpec, Offer, Session, StorePool } from 'keelson/offers'
import { createStorePool } from 'keelson/offers'
import type { Manager } from 'keelson/reconcile'
import { createManager } from 'keelson/reconcile'
import type { Store } from 'keelson/store'
import { createStore } from 'keelson/store'
import { createNodeAgentController, createNodeHeartbeat } from 'keelson/workloads'
import type { ChildProcessRuntime } from 'keelson/workloads/node'
import { createChildProcessRuntime } from 'keelson/workloads/node'
import { createHttpLoad } from '../runtime/http-load.js'
import { planLoopback } from '../runtime/loopback.js'

const NODES = 2
const SERVERS = 3
const CAPACITY = { cpu: 3, memory: '2Gi' }
const ELECTION = { leaseDurationMs: 2_000, renewDeadlineMs: 1_500, retryPeriodMs: 250 }
const FAILOVER_MS = 60_000
const REQUESTS_PER_SECOND = 50

/** A process that could lead the pool. */
interface Candidate {
  readonly env: Env
  readonly bound: StorePool
  readonly manager: Manager
}

/** What the act needs of the program around it. */
export interface FailoverParts {
  /** Where the servers' program is. */
  readonly directory: string
  readonly until: (what: string, holds: () => boolean) => Promise<void>
}

/**
 * A pool over a store, led by one of two candidates. The leader dies while clients come; the other one knows its nodes,
 * frameworks and tasks from the store, no process is started again, and what is asked of it then runs.
 */
export async function failPoolOver({ directory, until }: FailoverParts): Promise<void> {
  const store = createStore({ kinds: [Framework, Lease, Node, Reservation, Role, Task] })
  const nodes = await startNodes(store, directory)
  const candidates = await Promise.all(['pool-1', 'pool-2'].map(name => startCandidate(store, name)))
  try {
    await until('one of two pools leads', () => leaderOf(candidates) !== undefined)
    const first = leaderOf(candidates) as Candidate
    const keeper = new ServerKeeper(SERVERS)
    keeper.connect(first.bound)
    await until('all servers answer', () => addressesOf(store).length === SERVERS)
    const before = await pidsOf(addressesOf(store))
    const load = createHttpLoad({
      env: systemEnv,
      lookUp: inTurn(() => addressesOf(store)),
      dial: address => ({ host: address.split(':')[0] as string, port: Number(address.split(':')[1]) }),
      requestsPerSecond: REQUESTS_PER_SECOND,
    })
    load.expect(['v1'])
    load.begin()

    first.env.close()
    const others = candidates.filter(each => each !== first)
    await until('the other pool leads', () => leaderOf(others) !== undefined)
    const second = leaderOf(others) as Candidate
    assert.deepEqual(keeper.connect(second.bound), Array(SERVERS).fill('running'), 'its tasks are known')
    assert.deepEqual(await pidsOf(addressesOf(store)), before, 'no process was started again')
    keeper.wanted++
    keeper.ask()
    await until('the second pool launches, too', () => addressesOf(store).length === SERVERS + 1)

    await load.stop()
    const { sent, failures } = await load.take()
    assert.deepEqual(failures, [])
    assert(sent > REQUESTS_PER_SECOND, 'clients came')
    console.log(
      `\nthe pool of a store lost its leader: ${before.length} processes go on, ${sent} requests, 0 failed`,
    )
  } finally {
    for (const { env } of [...candidates, ...nodes]) env.close()
    await Promise.all(nodes.map(({ runtime }) => runtime.killAll()))
    await store.close()
  }
}

async function startNodes(
  store: Store,
  directory: string,
): Promise<readonly { readonly env: Env; readonly runtime: ChildProcessRuntime }[]> {
  const plan = await planLoopback(NODES)
  return Promise.all(
    plan.nodes.map(async ({ address, ports }, index) => {
      const nodeName = `store-node-${index + 1}`
      const env = systemEnv.fork(nodeName)
      const runtime = createChildProcessRuntime({ address, ports, directory, env })
      const manager = createManager({ client: store.client(env) })
      manager.add(createNodeHeartbeat({ nodeName, status: { capacity: CAPACITY }, heartbeatMs: 500 }))
      manager.add(createNodeAgentController({ nodeName, runtime }))
      await manager.start()
      return { env, runtime }
    }),
  )
}

async function startCandidate(store: Store, identity: string): Promise<Candidate> {
  const env = systemEnv.fork(identity)
  const bound = createStorePool()
  const leaderElection = { kind: Lease, lease: 'two-level', identity, ...ELECTION }
  const manager = createManager({ client: store.client(env), leaderElection })
  manager.add(bound)
  await manager.start()
  return { env, bound, manager }
}

/** The one whose pool runs; one that was just elected may still be reading what was kept. */
function leaderOf(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.find(
    ({ manager }) => manager.status().election?.leading === true && manager.health().ready,
  )
}

/** A framework that keeps so many servers running. */
class ServerKeeper {
  wanted: number
  #session: Session | undefined

  constructor(wanted: number) {
    this.wanted = wanted
  }

  /** To the pool that leads now; the states of the tasks that it knows. */
  connect({ pool }: StorePool): readonly string[] {
    const id = 'servers'
    const session = pool.subscribe({ name: id, id, roles: [id], failoverMs: FAILOVER_MS })
    this.#session = session
    const states = session.reconcile().map(({ state }) => state)
    session.on(event => {
      if (event.type === 'update') event.ack()
      else if (event.type === 'offers') void this.#launch(session, event.offers)
    })
    this.ask()
    return states
  }

  ask(): void {
    const count = this.#missing().length
    this.#session?.request(count > 0 ? [{ shape: { cpus: 0.5, mem: 64 }, count }] : [])
  }

  #missing(): readonly string[] {
    const known = new Set(this.#session?.reconcile().map(({ task }) => task))
    return Array.from({ length: this.wanted }, (_, n) => `server-${n + 1}`).filter(id => !known.has(id))
  }

  async #launch(session: Session, offers: readonly Offer[]): Promise<void> {
    for (const offer of offers) {
      const tasks = this.#missing().map(serverTask)
      await session.accept([offer], [{ op: 'launch', tasks }])
    }
    this.ask()
  }
}

function serverTask(id: string): LaunchSpec {
  const spec = {
    command: ['node', 'server.mjs'],
    ports: [{ name: 'http', containerPort: 0 }],
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
  }
  return { id, need: { cpus: 0.5, mem: 64 }, data: { spec } }
}

/** Where servers listen that answer. */
function addressesOf(store: Store): readonly string[] {
  return store.list(Task).items.flatMap(({ status }) => {
    const port = status?.ports?.[0]?.hostPort
    return isConditionTrue(status?.conditions, 'Ready') && port !== undefined
      ? [`${status?.address}:${port}`]
      : []
  })
}

function inTurn(all: () => readonly string[]): () => Promise<string> {
  let turns = 0
  return async () => {
    const addresses = all()
    return addresses[turns++ % addresses.length] as string
  }
}

async function pidsOf(addresses: readonly string[]): Promise<readonly number[]> {
  const answers = await Promise.all(addresses.map(address => fetch(`http://${address}/`)))
  const bodies = (await Promise.all(answers.map(answer => answer.json()))) as { pid: number }[]
  return bodies.map(({ pid }) => pid).sort((a, b) => a - b)
}
