import assert from 'node:assert/strict'
import { Framework, Lease, Node, Reservation, Role, Task } from 'keelson/api'
import type { Env } from 'keelson/core'
import { systemEnv } from 'keelson/core'
import type { StorePool } from 'keelson/offers'
import { createStorePool } from 'keelson/offers'
import type { Manager } from 'keelson/reconcile'
import { createManager } from 'keelson/reconcile'
import type { Store } from 'keelson/store'
import { createStore } from 'keelson/store'
import { createHttpLoad } from '../runtime/http-load.js'
import { ServerKeeper } from './server-keeper.js'
import { addressesOf, pidsOf, startNodes } from './store-nodes.js'

const SERVERS = 3
const ELECTION = { leaseDurationMs: 2_000, renewDeadlineMs: 1_500, retryPeriodMs: 250 }
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
    const keeper = new ServerKeeper({ servers: SERVERS })
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
    keeper.grow()
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

function inTurn(all: () => readonly string[]): () => Promise<string> {
  let turns = 0
  return async () => {
    const addresses = all()
    return addresses[turns++ % addresses.length] as string
  }
}
