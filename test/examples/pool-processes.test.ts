import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SERVER_DIRECTORY } from '../../examples/two-level/services.js'
import type { StoreNode } from '../../examples/two-level/store-nodes.js'
import { addressesOf, startNodes } from '../../examples/two-level/store-nodes.js'
import { Framework, Lease, Node, Reservation, Role, Task } from '../../src/api/index.js'
import { connectStore } from '../../src/store/etcd/index.js'
import type { Store } from '../../src/store/index.js'
import { canRunEtcd, EtcdServer } from '../store/etcd/etcd-server.js'
import { soon } from '../store/etcd/soon.js'
import type { ProgramRun } from '../store/node/program-run.js'
import { bundleProgram, runProgram } from '../store/node/program-run.js'

/** What a process of a pool tells. */
interface Line {
  /** It leads, and its framework is told of so many tasks. */
  readonly knows?: readonly string[]
  readonly task?: string
  readonly state?: string
}

const SERVERS = 8
const JOB = 'job-1'

describe.runIf(canRunEtcd)('the process that leads a pool over an etcd', () => {
  let server: EtcdServer
  let folder: string
  let store: Store
  let nodes: readonly StoreNode[] = []
  const runs: ProgramRun<Line>[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-pools-'))
    server = await EtcdServer.start()
    store = await connectStore({
      kinds: [Framework, Lease, Node, Reservation, Role, Task],
      etcd: { endpoints: [server.endpoint], prefix: '/keelson/two-level' },
    })
    nodes = await startNodes(store, SERVER_DIRECTORY)
  })

  afterAll(async () => {
    await Promise.all(runs.map(run => run.kill()))
    for (const { env } of nodes) env.close()
    await Promise.all(nodes.map(({ runtime }) => runtime.killAll()))
    await store.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const processes = (): ReadonlyMap<string, number> =>
    new Map(nodes.flatMap(({ runtime }) => [...runtime.pids()]))

  test('is killed while it launches: another goes on, nothing is lost, started twice or untold', async () => {
    const program = await bundleProgram(
      'pool-process',
      folder,
      join(import.meta.dirname, '../../examples/two-level'),
    )
    const start = (...args: readonly string[]): ProgramRun<Line> => {
      const run = runProgram<Line>(program, [server.endpoint, ...args])
      runs.push(run)
      return run
    }
    const made: string[] = []
    store.watch(Task).on(({ events }) => {
      for (const { type, object } of events) if (type === 'ADDED') made.push(object.metadata.name)
    })
    const first = start('pool-1', '--silent')
    expect(await first.until(({ knows }) => knows !== undefined)).toEqual({ knows: [] })
    const second = start('pool-2')
    await first.until(({ task, state }) => task === JOB && state === 'finished')
    // Some of the servers that it wants from now on are there, and some are not.
    await soon(() => made.length > 4)
    await first.kill()
    const before = processes()

    const { knows = [] } = await second.until(line => line.knows !== undefined)
    expect(knows.length).toBeGreaterThan(4)
    await soon(() => addressesOf(store).length === SERVERS)
    await soon(() => store.get(Task, { namespace: 'default', name: JOB }) === undefined)
    expect(second.lines).toContainEqual({ task: JOB, state: 'finished' })
    const servers = Array.from({ length: SERVERS }, (_, n) => `server-${n + 1}`)
    expect([...made].sort()).toEqual([JOB, ...servers])
    const after = processes()
    expect([...before].filter(([uid, pid]) => after.get(uid) !== pid)).toEqual([])
    expect(store.get(Lease, { namespace: 'default', name: 'offers-offers' })?.spec.leaseTransitions).toBe(2)
  })
})
