import { expect, test } from 'vitest'
import { ReplicaSet, Task } from '../../../src/api/index.js'
import type { Env } from '../../../src/core/index.js'
import { createController } from '../../../src/reconcile/index.js'
import { connectStoreOn } from '../../../src/store/etcd/connect-store.js'
import { createStore, defineKind } from '../../../src/store/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import type { MakeStore } from '../../../src/testing/index.js'
import { CheckFailedError, check } from '../../../src/testing/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { FakeEtcd } from '../../store/etcd/fake-etcd.js'
import { FaultyDisk } from '../../store/node/faulty-disk.js'

// The code under test over stores that are kept elsewhere: what lies between a write and its answer is a step, too.

const Site = defineKind<object, { ready: boolean }>({
  apiVersion: 'example/v1',
  kind: 'Site',
  plural: 'sites',
  namespaced: false,
})
const Page = defineKind<{ site: string }>({
  apiVersion: 'example/v1',
  kind: 'Page',
  plural: 'pages',
  namespaced: false,
})
const kinds = [Site, Page]
const objects = [{ kind: 'Site', metadata: { name: 'a' }, spec: {} }]

/** @param isEager says that a site is ready before its page is there */
const sites =
  (isEager = false) =>
  () =>
    createController({
      name: 'sites',
      for: Site,
      owns: [Page],
      reconcile: async (key, site, { client }) => {
        if (site === undefined || site.metadata.deletionTimestamp !== undefined) return
        const { name, uid } = site.metadata
        const say = (): Promise<unknown> =>
          client.modifyStatus(Site, key, draft => {
            draft.status = { ready: true }
          })
        if (isEager && site.status?.ready === true) return
        if (isEager) await say()
        if (client.get(Page, { name }) === undefined) {
          const owner = { apiVersion: 'example/v1', kind: 'Site', name, uid }
          await client.create(Page, { metadata: { name, ownerReferences: [owner] }, spec: { site: name } })
        }
        if (!isEager && site.status?.ready !== true) await say()
      },
    })

const step = (env: Env, label: string): Promise<void> =>
  new Promise(resolve => {
    env.tasks.defer(() => resolve(), { kind: 'call', label })
  })

const stores: Readonly<Record<string, MakeStore>> = {
  'in a directory': ({ env, ...options }) => {
    const disk = new FaultyDisk()
    if (env !== undefined) disk.beforeSync = () => step(env, 'sync')
    return openStoreOn(disk, { ...options, ...(env === undefined ? {} : { env }) })
  },
  'in etcd': options => {
    const etcd = new FakeEtcd(options.env as Env)
    return connectStoreOn(etcd.connect(), { ...options, etcd: { endpoints: [] } })
  },
}

for (const [name, makeStore] of Object.entries(stores)) {
  test(`a store ${name}: what holds in memory holds, with crashes and lost answers`, async () => {
    const report = await check(sites(), { kinds, objects, createStore: makeStore, executions: 12 })
    expect(report.faults.crash).toBeGreaterThan(0)
    expect(report.reconciles).toBeGreaterThan(25)
  })

  test(`a store ${name}: what a crash breaks is found, and found again`, async () => {
    const faults = { crash: { times: 1, rate: 0.3 } }
    const options = { kinds, objects, createStore: makeStore, executions: 24, faults }
    const failure = await check(sites(true), options).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CheckFailedError)
    const { replay, invariant } = failure as CheckFailedError
    expect(['crashConvergent', 'converges']).toContain(invariant)
    await expect(check(sites(true), { ...options, replay })).rejects.toMatchObject({ invariant })
  })
}

test('a store in etcd: a loop that ships keeps its set whole, whatever happens in between', async () => {
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { image: 'web:1' } }
  const web = {
    kind: 'ReplicaSet',
    metadata: { namespace: 'default', name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  }
  const report = await check(() => createReplicaController(), {
    kinds: [ReplicaSet, Task],
    objects: [web],
    createStore: stores['in etcd'] as MakeStore,
    executions: 6,
    invariants: [
      {
        name: 'as many tasks as the set asks for',
        begin: () => ({
          rest: ({ reader }) => {
            const set = reader.get(ReplicaSet, web.metadata)
            const tasks = reader.count(Task)
            if (set === undefined || tasks === set.spec.replicas) return undefined
            return `${tasks} tasks of ${set.spec.replicas}`
          },
        }),
      },
    ],
  })
  expect(Object.keys(report.faults).length).toBeGreaterThan(3)
  expect(report.reconciles).toBeGreaterThan(12)
})

test('a store in memory may have rules of its own', async () => {
  const asked: string[] = []
  const createOwn: MakeStore = options =>
    createStore({
      ...options,
      admission: [
        {
          name: 'asked',
          phase: 'validate',
          handle: ({ object }) => {
            asked.push(object.kind ?? '')
          },
        },
      ],
    })
  await check(sites(), { kinds, objects, createStore: createOwn, executions: 3 })
  expect(new Set(asked)).toEqual(new Set(['Site', 'Page']))
})

test('a store that cannot be is refused, and says why', async () => {
  const run = (createOwn: unknown, more = {}): Promise<unknown> =>
    check(sites(), { kinds, objects, createStore: createOwn as MakeStore, executions: 3, ...more })
  await expect(run('memory')).rejects.toThrow(/createStore makes a store/)
  await expect(run(createStore, { mode: 'exhaustive' })).rejects.toThrow(/left out in an exhaustive search/)
  await expect(run(() => new Promise(() => {}))).rejects.toThrow(/does not answer/)
  const full: MakeStore = async options => {
    const store = createStore(options)
    await store.create(Site, { metadata: { name: 'old' }, spec: {} })
    return store
  }
  await expect(run(full)).rejects.toThrow(/has objects of kind Site/)
})
