import { Node, Task } from 'keelson/api'
import type { Manager } from 'keelson/reconcile'
import { createManager } from 'keelson/reconcile'
import { createSchedulingController } from 'keelson/scheduling'
import type { Store, Transaction } from 'keelson/store'
import { createStore } from 'keelson/store'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'
import { BINDING_STAGES } from './scheduling-stages.js'

const NODES = 1_000
const BATCH = 32
/** So many tasks are bound before, in another store: what is measured is a controller that runs for some seconds. */
const WARM_UP = 10_000
const FROM = '2026-01-01T00:00:00Z'

const FLOOR: Row['floor'] & {} = {
  title: `the same transactions of ${BATCH} bindings, written in a loop`,
  run: bareLoop,
  timesMax: 2,
}

/** Tasks that get their nodes by a controller, through a store. */
export const schedulingLoopRows: readonly Row[] = [
  {
    name: 'controller',
    title: `tasks bound to ${NODES} nodes by the controller, in a memory store; SwarmKit: 4,400 to 11,500 per second`,
    unit: 'per second',
    sizes: [10_000],
    heapMiB: () => 4096,
    ours: bindings,
    floor: FLOOR,
    runs: 3,
  },
  {
    name: 'controller-100k',
    title: 'the same; the cost must not grow with the tasks',
    unit: 'per second',
    sizes: [100_000],
    heapMiB: () => 8192,
    ours: bindings,
    floor: FLOOR,
    runs: 1,
  },
]

async function clusterOf(tasks: number): Promise<Store> {
  const store = createStore({ kinds: [Node, Task] })
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Bench',
    message: '',
    lastTransitionTime: FROM,
  } as const
  for (let at = 0; at < NODES; at++) {
    await store.create(Node, { metadata: { name: `n${at}` }, spec: {} })
    await store.modifyStatus(Node, { name: `n${at}` }, draft => {
      draft.status = { allocatable: { cpu: 64, memory: '256Gi' }, conditions: [ready] }
    })
  }
  const spec = { resources: { requests: { cpu: '100m', memory: '500Mi' } } }
  for (let at = 0; at < tasks; at++)
    await store.create(Task, { metadata: { namespace: 'default', name: `t${at}` }, spec })
  return store
}

async function bindings(tasks: number): Promise<Measurement> {
  await (await toBind(WARM_UP)).run()
  const { store, manager, run } = await toBind(tasks)
  const measured = await measure({
    batch: tasks,
    operations: tasks,
    prepare: () => undefined,
    run,
    stages: BINDING_STAGES,
  })
  const bound = store.list(Task).items.filter(({ spec }) => spec.nodeName !== undefined).length
  if (bound !== tasks) throw new Error(`${bound} of ${tasks} tasks have a node`)
  await manager.stop()
  return measured
}

async function toBind(tasks: number): Promise<Binding> {
  const store = await clusterOf(tasks)
  const manager = createManager({ client: store })
  manager.add(createSchedulingController({ batchMax: BATCH }))
  return {
    store,
    manager,
    run: async () => {
      await manager.start()
      await manager.settled()
    },
  }
}

interface Binding {
  readonly store: Store
  readonly manager: Manager
  run(): Promise<void>
}

/** What has to be written, and what has to be read for it to be safe. */
async function bareLoop(tasks: number): Promise<Measurement> {
  await bindInTurn(await clusterOf(WARM_UP), WARM_UP)
  const store = await clusterOf(tasks)
  return measure({
    batch: tasks,
    operations: tasks,
    prepare: () => undefined,
    run: () => bindInTurn(store, tasks),
  })
}

async function bindInTurn(store: Store, tasks: number): Promise<void> {
  for (let from = 0; from < tasks; from += BATCH)
    await store.transact(tx => {
      for (let at = from; at < Math.min(tasks, from + BATCH); at++) bind(tx, at)
    })
}

function bind(tx: Transaction, at: number): void {
  const ref = { namespace: 'default', name: `t${at}` }
  const node = `n${at % NODES}`
  tx.get(Task, ref)
  tx.get(Node, { name: node })
  tx.list(Task, { index: { name: 'node', value: node } })
  tx.modify(Task, ref, draft => void (draft.spec.nodeName = node))
  tx.modifyStatus(Task, ref, draft => {
    const message = `placed on node ${node}`
    draft.status = {
      conditions: [
        { type: 'Scheduled', status: 'True', reason: 'Scheduled', message, lastTransitionTime: FROM },
      ],
    }
  })
}
