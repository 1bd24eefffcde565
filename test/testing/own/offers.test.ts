import { Framework, isTaskFinished, Lease, Node, Reservation, Role, Task } from '../../../src/api/index.js'
import type { Session, StorePool } from '../../../src/offers/index.js'
import { createStorePool } from '../../../src/offers/index.js'
import type { Runnable } from '../../../src/reconcile/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Invariant } from '../../../src/testing/index.js'
import { always } from '../../../src/testing/index.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { whenAtRest } from './write-law.js'

const time = '2026-01-01T00:00:00.000Z'
const ready = { type: 'Ready', status: 'True', reason: 'Up', message: '', lastTransitionTime: time }
const kinds = [Framework, Lease, Node, Reservation, Role, Task]

function node(name: string, cpu: number): ObjectInput {
  return {
    kind: 'Node',
    metadata: { name },
    spec: { unschedulable: false },
    status: { capacity: { cpu, 'ephemeral-storage': '1Gi' }, conditions: [ready] },
  }
}

/** A framework that keeps tasks of one cpu alive, by offers or by claims. */
class KeepAlive implements Runnable {
  readonly name: string
  readonly #bound: StorePool
  readonly #wanted: readonly string[]
  readonly #door: 'offers' | 'claims'
  #session: Session | undefined

  constructor(bound: StorePool, of: { name: string; wanted: readonly string[]; door: 'offers' | 'claims' }) {
    this.name = of.name
    this.#bound = bound
    this.#wanted = of.wanted
    this.#door = of.door
  }

  start(): void {
    const { name } = this
    this.#session = this.#bound.pool.subscribe({ name, id: name, roles: [name], failoverMs: 600_000 })
    const session = this.#session
    session.on(event => {
      if (event.type === 'update') event.ack()
      else if (event.type === 'offers') this.#launch(session, event.offers)
      if (session.connected) this.#ask(session)
    })
    this.#ask(session)
  }

  stop(): void {
    this.#session = undefined
  }

  #missing(session: Session): readonly string[] {
    const known = new Set(session.reconcile().map(({ task }) => task))
    return this.#wanted.filter(id => !known.has(id))
  }

  #ask(session: Session): void {
    const missing = this.#missing(session)
    if (this.#door === 'claims') {
      const agents = [...session.view().agents()].filter(({ active }) => active).map(({ id }) => id)
      for (const id of missing)
        if (agents.some(agent => session.claim([{ agent, tasks: [taskOf(id)] }]).committed.length > 0)) break
    }
    session.request(missing.length === 0 ? [] : [{ shape: { cpus: 1 }, count: missing.length }])
  }

  #launch(session: Session, offers: Parameters<Session['accept']>[0]): void {
    for (const offer of offers)
      session.accept([offer], [{ op: 'launch', tasks: this.#missing(session).map(taskOf) }]).catch(() => {})
  }
}

function taskOf(id: string): { id: string; need: { cpus: number }; data: object } {
  return { id, need: { cpus: 1 }, data: { spec: { command: ['sleep'] } } }
}

/** A task that was deleted before its node took it on never runs: no finalizer can be added any more. */
function mayRun(task: Task): boolean {
  const { deletionTimestamp, finalizers } = task.metadata
  return !isTaskFinished(task) && !(deletionTimestamp !== undefined && finalizers.length === 1)
}

function cpusOf(task: Task): number {
  return Number(task.spec.resources?.requests?.['cpu'] ?? 0)
}

const nothingIsOvercommitted: Invariant = always('no node runs more than it has', ({ reader }) =>
  reader.list(Node).items.every(({ metadata: { name }, status }) => {
    const here = reader.list(Task, { index: { name: 'node', value: name } }).items
    const used = here.filter(mayRun).map(cpusOf)
    return used.reduce((sum, cpus) => sum + cpus, 0) <= Number(status?.capacity?.['cpu'] ?? Infinity)
  }),
)

const eachRunsOnce = (names: readonly string[]) =>
  whenAtRest('every task that is wanted runs, and nothing else', (reader: Reader) => {
    const tasks = reader.list(Task).items
    const running = tasks.filter(({ status }) => status?.phase === 'Running').map(each => each.metadata.name)
    return tasks.length === names.length && [...running].sort().join() === [...names].sort().join()
  })

/** Where tasks run, what frameworks got and who holds the name is different each time. */
const withoutChoices = (object: StoredObject): StoredObject | undefined =>
  object.kind === 'Node' || object.kind === 'Role' ? object : undefined

const WEB = ['w1', 'w2', 'w3']
const BATCH = ['b1', 'b2']

const cases: readonly OwnCase[] = [
  {
    name: 'a pool over a store, a framework with offers and one with claims, and the nodes',
    make: () => {
      const bound = createStorePool()
      return [
        kubelet({ runs: task => task.spec.nodeName !== undefined }),
        bound,
        new KeepAlive(bound, { name: 'web', wanted: WEB, door: 'offers' }),
        new KeepAlive(bound, { name: 'batch', wanted: BATCH, door: 'claims' }),
      ]
    },
    options: {
      kinds,
      objects: [
        node('n1', 3),
        node('n2', 3),
        { kind: 'Role', metadata: { name: 'web' }, spec: { weight: 2 } },
      ],
      // A pool whose name is taken ends.
      faults: { depose: 0 },
      compared: withoutChoices,
      invariants: [nothingIsOvercommitted, eachRunsOnce([...WEB, ...BATCH])],
      // A pool that starts takes its name, and its frameworks connect; those outlive nodes.
      except: ['levelTriggered', 'noOrphans'],
      stepsMax: 10_000,
      pollsPerSecondMax: 200,
    },
    share: 0.5,
  },
]

runUnderCheck(cases)
