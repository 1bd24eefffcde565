import fc from 'fast-check'
import { expect } from 'vitest'
import type { Random } from '../../../src/core/index.js'
import { createSeededRandom, isKeelsonError } from '../../../src/core/index.js'
import { connectStoreOn } from '../../../src/store/etcd/connect-store.js'
import type { EtcdStore } from '../../../src/store/etcd/index.js'
import { listAndWatch } from '../../../src/store/index.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { kindOf, Part, ref } from '../../fixtures/kinds.js'
import { FakeEtcd } from './fake-etcd.js'

// Two stores over one etcd that loses calls and answers, is slow, cuts its watches and compacts under them.

const Seat = kindOf<{ readonly seat?: string; readonly sum?: number }>('Seat', {
  indexes: { seat: ({ spec: { seat } }) => (seat === undefined ? [] : [seat]) },
  uniqueIndexes: ['seat'],
})

/** What calls of a store may end with; whether it happened is unknown for the first. */
const UNKNOWN = ['Unavailable'] as const
const REFUSED = [
  'Conflict',
  'AlreadyExists',
  'NotFound',
  'UniqueViolation',
  'LifetimeNotFound',
  'Timeout',
  'Expired',
] as const

interface Told {
  readonly objects: Map<string, string>
  revision: number
}

class Scene {
  readonly env: VirtualEnv
  readonly etcd: FakeEtcd
  readonly random: Random
  readonly stores: EtcdStore[] = []
  readonly told: Told[] = []
  readonly sums = { acknowledged: 0, unknown: 0 }
  pending = 0

  constructor(seed: number) {
    this.env = createVirtualEnv({ seed })
    this.etcd = new FakeEtcd(this.env)
    this.random = createSeededRandom(seed)
  }

  async open(): Promise<void> {
    const { env, etcd } = this
    const options = {
      kinds: [Seat, Part],
      env,
      etcd: { endpoints: [] },
      logCapacity: 50,
      contentionMs: 60_000,
    }
    const store = await env.run(() => connectStoreOn(etcd.connect(), options))
    const told: Told = { objects: new Map(), revision: 0 }
    this.stores.push(store)
    this.told.push(told)
    listAndWatch(store, Seat).on(({ revision, events }) => {
      expect(revision, 'revisions go up').toBeGreaterThanOrEqual(told.revision)
      told.revision = revision
      for (const { type, object } of events) {
        const { name, resourceVersion } = object.metadata
        if (type === 'DELETED') told.objects.delete(name)
        else told.objects.set(name, resourceVersion)
      }
    })
  }

  int(below: number): number {
    return Math.floor(this.random.next() * below)
  }

  /** One thing that somebody does, or that goes wrong. */
  step(): void {
    const store = this.stores[this.int(2)] as EtcdStore
    const name = `s${this.int(6)}`
    const at = ref(name)
    const metadata = at
    switch (this.int(11)) {
      case 0:
        return this.#run(store.create(Seat, { metadata, spec: { seat: `${this.int(4)}` } }))
      case 1:
        return this.#run(
          store.create(Seat, { metadata, spec: { seat: `${this.int(4)}` } }, { ttlMs: 1 + this.int(3_000) }),
        )
      case 2:
        return this.#run(store.modify(Seat, at, draft => void (draft.spec.seat = `${this.int(4)}`)))
      case 3:
        return this.#run(store.delete(Seat, at))
      case 4:
        return this.#run(store.lifetimes.grant({ id: name, ttlMs: 1_000 + this.int(3_000) }))
      case 5:
        return this.#run(store.create(Seat, { metadata, spec: {} }, { lifetime: `s${this.int(6)}` }))
      case 6:
        return this.#run(store.lifetimes.revoke(name))
      case 7:
        return this.#run(
          store.transact(tx => {
            const count = tx.list(Part).items.length
            tx.create(Part, {
              metadata: { namespace: 'default', generateName: 'p' },
              spec: { of: `${count}` },
            })
          }),
        )
      case 8:
        return this.#fault()
      default:
        return this.#add(store)
    }
  }

  heal(): void {
    const { etcd } = this
    etcd.fateOf = () => 'done'
    etcd.isSlow = false
    etcd.pump()
  }

  #fault(): void {
    const { etcd } = this
    switch (this.int(5)) {
      case 0:
        return etcd.cut()
      case 1:
        etcd.isSlow = !etcd.isSlow
        return etcd.pump()
      case 2:
        return etcd.compact(Math.max(1, etcd.revision - this.int(5)))
      case 3:
        etcd.put('/elsewhere', 'x')
        return
      default:
        etcd.fateOf = () => (this.int(8) > 0 ? 'done' : this.int(2) === 0 ? 'refused' : 'lost')
    }
  }

  #add(store: EtcdStore): void {
    const adding = store.modify(Seat, ref('sum'), draft => void (draft.spec.sum = (draft.spec.sum ?? 0) + 1))
    this.#run(
      adding.then(
        () => void this.sums.acknowledged++,
        error => {
          if (isKeelsonError(error, ...UNKNOWN)) this.sums.unknown++
          throw error
        },
      ),
    )
  }

  #run(work: Promise<unknown>): void {
    this.pending++
    work.then(
      () => this.pending--,
      error => {
        this.pending--
        if (!isKeelsonError(error, ...UNKNOWN, ...REFUSED)) throw error
      },
    )
  }
}

/** Whatever happens in between: nothing is lost, nothing is twice, and everybody agrees in the end. */
export function faultsProperty(numRuns: number): Promise<void> {
  return Promise.resolve(
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 10, max: 60 }), async (seed, steps) => {
        const scene = new Scene(seed)
        const { env, etcd, stores, told, sums } = scene
        await scene.open()
        await scene.open()
        const [store] = stores as [EtcdStore, EtcdStore]
        await env.run(() => store.create(Seat, { metadata: ref('sum'), spec: { sum: 0 } }))
        etcd.delayMs = () => scene.int(20)
        for (let step = 0; step < steps; step++) {
          scene.step()
          if (scene.int(2) === 0) await env.advance(scene.int(200))
        }
        scene.heal()
        await env.advance(120_000)
        expect(scene.pending, 'calls that never end').toBe(0)
        const paths = [...etcd.keys.keys()].map(key => key.slice('/keelson/'.length))
        const names = paths
          .filter(path => path.startsWith('objects/example/v1/Seat/'))
          .map(path => path.slice(path.lastIndexOf('/') + 1))
        for (const [index, each] of stores.entries()) {
          const { items } = each.list(Seat)
          expect(items.map(({ metadata }) => metadata.name)).toEqual(names.sort())
          const versions = items.map(({ metadata }) => [metadata.name, metadata.resourceVersion] as const)
          for (const [name, version] of versions)
            expect(etcd.keys.get(`/keelson/objects/example/v1/Seat/default/${name}`)?.modRevision).toBe(
              Number(version),
            )
          expect(new Map(told[index]?.objects)).toEqual(new Map(versions))
          const seats = items.flatMap(({ spec }) => spec.seat ?? [])
          expect(new Set(seats).size, 'one holder of each seat').toBe(seats.length)
          expect(
            paths.filter(path => path.startsWith('unique/')),
            'claims',
          ).toHaveLength(seats.length)
          const parts = each.list(Part).items.map(({ spec }) => Number(spec.of))
          expect(
            parts.sort((a, b) => a - b),
            'no phantom',
          ).toEqual(parts.map((_, place) => place))
        }
        const sum = store.get(Seat, ref('sum'))?.spec.sum ?? Number.NaN
        expect(sum).toBeGreaterThanOrEqual(sums.acknowledged)
        expect(sum).toBeLessThanOrEqual(sums.acknowledged + sums.unknown)
        // All lifetimes are over.
        expect(paths.filter(path => /^(kept|lifetimes)\//.test(path))).toEqual([])
      }),
      { numRuns },
    ),
  )
}
