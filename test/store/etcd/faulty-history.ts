import { createEnv, createSeededRandom, silentLogger } from '../../../src/core/index.js'
import type { EtcdStore } from '../../../src/store/etcd/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import { Counter, HistoryRecorder } from '../linearizability/record-history.js'
import { CutProxy } from './cut-proxy.js'
import type { EtcdServer } from './etcd-server.js'
import { soon } from './soon.js'

const env = createEnv({ process: 'history', logger: silentLogger })

/** What a reader of one store has seen: the counters at a revision, as one text. */
export interface Sight {
  readonly revision: number
  readonly counters: string
}

/** What happened to one etcd and three stores. */
export interface FaultyHistory {
  readonly recorder: HistoryRecorder
  /** Of each store: what its reader saw, in order. */
  readonly sights: readonly (readonly Sight[])[]
  /** Of each store: the revisions that its watch told, in order. */
  readonly told: readonly (readonly number[])[]
  /** What a store with an undisturbed connection was told: the counters after each revision. */
  readonly truth: ReadonlyMap<number, string>
  readonly cuts: number
}

const STORES = 3
const CALLS = 14

/** Six clients of three stores, whose wires are cut, and whose etcd is killed once and started again. */
export async function faultyHistory(server: EtcdServer, seed: number): Promise<FaultyHistory> {
  const random = createSeededRandom(`faults-${seed}`)
  const prefix = `/history/${seed}`
  const open = (endpoint: string): Promise<EtcdStore> =>
    connectStore({ kinds: [Counter], env, etcd: { endpoints: [endpoint], prefix, timeoutMs: 2_000 } })
  const proxies = await Promise.all(Array.from({ length: STORES }, () => CutProxy.start(server.endpoint)))
  const stores: EtcdStore[] = []
  for (const proxy of proxies) stores.push(await open(proxy.endpoint))
  const watcher = await open(server.endpoint)
  const truth = new Map([[watcher.revision, countersOf(watcher)]])
  watcher.watch(Counter).on(({ revision }) => {
    using then = watcher.snapshot(revision)
    truth.set(revision, countersOf(then))
  })
  const told = stores.map(store => {
    const revisions: number[] = []
    store.watch(Counter).on(({ revision }) => void revisions.push(revision))
    return revisions
  })
  const sights: Sight[][] = stores.map(() => [])
  const look = (): void =>
    stores.forEach((store, index) => {
      sights[index]?.push({ revision: store.revision, counters: countersOf(store) })
    })
  const recorder = new HistoryRecorder()
  let cuts = 0
  const clients = stores.flatMap((store, index) =>
    [store, store].map((each, half) => ({ each, name: `${index}.${half}` })),
  )
  let busy = clients.length
  const pause = (): Promise<void> => {
    look()
    return env.clock.sleep(random.next() * 10)
  }
  const work = clients.map(async ({ each, name }) => {
    const own = createSeededRandom(`${seed}-${name}`)
    // A call whose answer was not heard is the last of its client; another one takes its place.
    for (let life = 0; life < 3; life++)
      await recorder.record(`${name}.${life}`, each, { calls: CALLS / 2, random: own, pause })
    busy--
  })
  const answers = (): number => recorder.operations.filter(({ answer }) => answer !== undefined).length
  const faults = async (): Promise<void> => {
    for (let round = 0; busy > 0; round++) {
      await env.clock.sleep(random.next() * 60)
      // However slow the machine is, something is heard between two faults.
      for (const heard = answers(); busy > 0 && answers() === heard; ) await env.clock.sleep(1)
      if (round === 3) {
        await server.kill()
        await server.run()
      } else proxies[Math.floor(random.next() * STORES)]?.cut()
      cuts++
    }
  }
  await Promise.all([...work, faults()])
  await soon(() =>
    Promise.all(stores.map(store => store.sync())).then(
      () => true,
      () => false,
    ),
  )
  await watcher.sync()
  look()
  const last = watcher.revision
  await soon(() => told.every(revisions => revisions.at(-1) === last || last === [...truth.keys()][0]))
  for (const store of [...stores, watcher]) await store.close()
  for (const proxy of proxies) await proxy.close()
  return { recorder, sights, told, truth, cuts }
}

function countersOf(reader: Pick<EtcdStore, 'list'>): string {
  const lines = reader.list(Counter).items.map(({ metadata, spec }) => `${metadata.name}=${spec.value}`)
  return lines.join(' ')
}
