// A process that could lead a pool over an etcd, with a framework that keeps servers running; start two of them and kill the
// one that leads. It tells what it hears, one line of JSON each:
// npx tsx examples/two-level/pool-process.ts HOST:PORT NAME [--silent], which never acknowledges that a task has finished.
import { Framework, Lease, Node, Reservation, Role, Task } from 'keelson/api'
import { systemEnv } from 'keelson/core'
import { createStorePool } from 'keelson/offers'
import { createManager } from 'keelson/reconcile'
import { connectStore } from 'keelson/store/etcd'
import { ServerKeeper } from './server-keeper.js'

const ELECTION = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 500 }
const [endpoint, identity, mode] = process.argv.slice(2)
if (endpoint === undefined || identity === undefined) {
  console.error('usage: pool-process.ts HOST:PORT NAME [--silent]')
  process.exit(2)
}

const store = await connectStore({
  kinds: [Framework, Lease, Node, Reservation, Role, Task],
  etcd: { endpoints: [endpoint], prefix: '/keelson/two-level' },
})
const bound = createStorePool()
const keeper = new ServerKeeper({
  servers: 3,
  afterJob: 8,
  heard: ({ task, state }) => tell({ task, state }),
  acknowledges: ({ state }) => mode !== '--silent' || state !== 'finished',
})
const leaderElection = { kind: Lease, lease: 'two-level', identity, ...ELECTION }
const manager = createManager({ client: store.client(systemEnv.fork(identity)), leaderElection })
manager.add(bound)
manager.add({ name: 'servers', start: () => tell({ knows: keeper.connect(bound) }), stop: () => {} })
await manager.start()

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
