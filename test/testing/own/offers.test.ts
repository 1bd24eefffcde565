import { expect, test } from 'vitest'
import { Framework, isTaskFinished, Lease, Node, Reservation, Role, Task } from '../../../src/api/index.js'
import type { Session, StorePool } from '../../../src/offers/index.js'
import { createStorePool } from '../../../src/offers/index.js'
import type { Controller, Manager, Runnable } from '../../../src/reconcile/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import type { Client, ObjectInput, Reader, StoredObject, Transaction } from '../../../src/store/index.js'
import { tapWrites } from '../../../src/store/index.js'
import type { Invariant, ProcessSite } from '../../../src/testing/index.js'
import { always, simulate } from '../../../src/testing/index.js'
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

interface Wish {
  readonly name: string
  readonly wanted: readonly string[]
  readonly door: 'offers' | 'claims'
  /** How long after its start it goes away without a word. Default: it stays. */
  readonly vanishesAfterMs?: number
}

/** How long a pool waits for a framework that went away. Longer than a process takes to come back. */
const FAILOVER_MS = 600_000

/** A framework that keeps tasks of one cpu alive, by offers or by claims. */
class KeepAlive implements Runnable {
  readonly name: string
  readonly #bound: StorePool
  readonly #wish: Wish
  #session: Session | undefined

  constructor(bound: StorePool, wish: Wish) {
    this.name = wish.name
    this.#bound = bound
    this.#wish = wish
  }

  start({ env }: Client): void {
    const { name } = this
    const { vanishesAfterMs } = this.#wish
    this.#session = this.#bound.pool.subscribe({ name, id: name, roles: [name], failoverMs: FAILOVER_MS })
    const session = this.#session
    if (vanishesAfterMs !== undefined) env.clock.after(vanishesAfterMs, () => session.disconnect())
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
    return this.#wish.wanted.filter(id => !known.has(id))
  }

  #ask(session: Session): void {
    const missing = this.#missing(session)
    if (this.#wish.door === 'claims') {
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

const NAME = { namespace: 'default', name: 'offers-offers' }

/** Nodes write how tasks stand; everything else about tasks, frameworks and verdicts on roles is a pool's. */
const onlyTheHolderWrites: Invariant = always(
  'a pool whose name was taken writes nothing',
  ({ reader, changes, step }) => {
    const holder = reader.get(Lease, NAME)?.spec.holderIdentity ?? ''
    if (!step.actor.startsWith('app-') || holder.startsWith(`${step.actor}-`)) return true
    return changes.every(({ before, after }) => {
      const kind = (after ?? before)?.kind
      if (kind === Framework.kind || kind === Role.kind || kind === Reservation.kind) return false
      return kind !== Task.kind || (before !== undefined && !isBegunToEnd(before, after))
    })
  },
)

function isBegunToEnd(before: StoredObject, after: StoredObject | undefined): boolean {
  return before.metadata.deletionTimestamp === undefined && after?.metadata.deletionTimestamp !== undefined
}

/** A pool that takes its name to be its own for as long as it lives: one without its fence. */
class Unfenced implements Runnable {
  readonly name = 'offers'
  readonly #bound: StorePool

  constructor(bound: StorePool) {
    this.#bound = bound
  }

  async start(client: Client, failed: (error: unknown) => void): Promise<void> {
    let own: StoredObject | undefined
    const blind = (tx: Transaction): Transaction =>
      new Proxy(tx, {
        get(target, verb: keyof Transaction) {
          const call = target[verb]
          if (typeof call !== 'function') return call
          return (kind: { readonly kind: string }, ...rest: readonly unknown[]) => {
            if (kind.kind === Lease.kind && verb === 'get' && own !== undefined) return own
            const result = (call as (...args: readonly unknown[]) => unknown).call(target, kind, ...rest)
            if (kind.kind === Lease.kind && verb !== 'get') own = result as StoredObject
            return result
          }
        },
      })
    await this.#bound.start(
      tapWrites(client, (write, next) =>
        next(write.verb === 'transact' ? { ...write, body: tx => write.body(blind(tx)) } : write),
      ),
      failed,
    )
  }

  async stop(): Promise<void> {
    await this.#bound.stop()
  }
}

/** Where tasks run, what frameworks got and who holds the name is different each time. */
const withoutChoices = (object: StoredObject): StoredObject | undefined =>
  object.kind === 'Node' || object.kind === 'Role' ? object : undefined

const WEB: Wish = { name: 'web', wanted: ['w1', 'w2', 'w3'], door: 'offers' }
const BATCH: Wish = { name: 'batch', wanted: ['b1', 'b2'], door: 'claims' }
/** Takes what the others want, too, and is there for a moment only. */
const GUESTS: readonly Wish[] = [
  { name: 'guest', wanted: ['g1', 'g2'], door: 'offers', vanishesAfterMs: 3_000 },
  { name: 'visitor', wanted: ['v1', 'v2'], door: 'claims', vanishesAfterMs: 5_000 },
]

/** The nodes, a pool, and its frameworks. */
function parts(
  wishes: readonly Wish[],
  bound: StorePool = createStorePool(),
  runs: Runnable = bound,
): readonly (Controller | Runnable)[] {
  const nodes = kubelet({ runs: task => task.spec.nodeName !== undefined })
  return [nodes, runs, ...wishes.map(wish => new KeepAlive(bound, wish))]
}

function elected({ client, name }: ProcessSite, wishes: readonly Wish[]): Manager {
  const manager = createManager({ client, leaderElection: { kind: Lease, lease: 'pool', identity: name } })
  for (const part of parts(wishes)) manager.add(part)
  return manager
}

const world: OwnCase['options'] = {
  kinds,
  objects: [node('n1', 3), node('n2', 2), { kind: 'Role', metadata: { name: 'web' }, spec: { weight: 2 } }],
  compared: withoutChoices,
  invariants: [nothingIsOvercommitted, eachRunsOnce([...WEB.wanted, ...BATCH.wanted])],
  // A pool that starts takes its name, and its frameworks connect; those outlive nodes.
  except: ['levelTriggered', 'noOrphans'],
  stepsMax: 10_000,
  pollsPerSecondMax: 200,
}

/** A pool whose name is taken ends, and nobody starts it again. */
const alone: OwnCase['options'] = { ...world, faults: { depose: 0 } }

/** The one that starts takes the name from the one that runs, which may be slow to hear of it. */
const racing: OwnCase['options'] = {
  ...alone,
  instances: 2,
  invariants: [...(world.invariants ?? []), onlyTheHolderWrites],
}

const cases: readonly OwnCase[] = [
  {
    name: 'a pool over a store, a framework with offers and one with claims, and the nodes',
    make: () => parts([WEB, BATCH]),
    options: alone,
    share: 0.25,
  },
  {
    name: 'frameworks that vanish: what they had is stopped, and goes to who waits for it',
    make: () => parts([...GUESTS, WEB, BATCH]),
    options: alone,
    share: 0.1,
  },
  {
    name: 'two pools of one name, of which the elected one runs',
    make: site => elected(site, [WEB, BATCH]),
    options: world,
    share: 0.1,
  },
  {
    name: 'two pools of one name that both run: the one whose name was taken loses every write',
    make: () => parts([WEB, BATCH]),
    options: racing,
    share: 0.1,
  },
]

runUnderCheck(cases)

test('a pool without its fence is found out', async () => {
  const make = () => {
    const bound = createStorePool()
    return parts([WEB, BATCH], bound, new Unfenced(bound))
  }
  // The check without the search for a shorter failure, which takes longer than to find one.
  const found: string[] = []
  for (let seed = 1; seed <= 60 && found.length === 0; seed++) {
    const { violation } = await simulate(make, { ...racing, seed })
    if (violation !== undefined) found.push(violation.invariant)
  }
  expect(found).toEqual([onlyTheHolderWrites.name])
})
