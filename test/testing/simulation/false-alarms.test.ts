import { describe, expect, test } from 'vitest'
import { child, createController, requeueAfter, withFinalizers } from '../../../src/reconcile/index.js'
import type { StoredObject } from '../../../src/store/index.js'
import type { MakeParts, ProcessSite } from '../../../src/testing/index.js'
import { CheckFailedError, check, withoutOrdinals } from '../../../src/testing/index.js'
import { App, app, Pod, podOf, podsOf } from '../fixtures/apps.js'

const options = { kinds: [App, Pod], objects: [app('web', { replicas: 1 })], executions: 20 }

const withOutside =
  (reconcile: (site: ProcessSite, name: string) => ReturnType<typeof requeueAfter> | void): MakeParts =>
  site =>
    createController({
      name: 'apps',
      for: App,
      reconcile: withFinalizers(
        App,
        [{ name: 'example/outside', cleanup: ({ metadata }) => void site.outside.delete(metadata.name) }],
        (key, owner) => (owner === undefined ? undefined : reconcile(site, key.name)),
      ),
    })

const polling = (times: number): MakeParts =>
  withOutside(({ outside }, name) => {
    const done = Math.min(times, Number(outside.get(name) ?? 0) + 1)
    outside.set(name, done)
    return done < times ? requeueAfter(50) : undefined
  })

const sleeping: MakeParts = ({ outside }) =>
  createController({
    name: 'apps',
    for: App,
    reconcile: withFinalizers(
      App,
      [{ name: 'example/outside', cleanup: ({ metadata }) => void outside.delete(metadata.name) }],
      async (key, owner, { env }) => {
        if (owner === undefined || outside.has(key.name)) return
        for (let pause = 0; pause < 15; pause++) await env.clock.sleep(20)
        outside.set(key.name, true)
      },
    ),
  })

const children =
  (count: number): MakeParts =>
  () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (_key, owner, ctx) => {
        if (owner === undefined) return
        const { name } = owner.metadata
        const wanted = Array.from({ length: count }, (_, at) =>
          child(Pod, { metadata: { name: `${name}-${at}` }, spec: { app: name } }),
        )
        await ctx.children.apply(wanted)
      },
    })

/** A saga of so many steps in the status. */
const saga =
  (steps: number): MakeParts =>
  () =>
    createController({
      name: 'apps',
      for: App,
      reconcile: async (key, owner, { client }) => {
        const at = Number(owner?.status?.['at'] ?? 0)
        if (owner === undefined || at >= steps) return
        const { uid, resourceVersion } = owner.metadata
        const preconditions = { uid, resourceVersion }
        await client.modifyStatus(App, key, draft => void (draft.status = { at: at + 1 }), { preconditions })
      },
    })

/** Keeps a disk by the uid of its app. */
const byUid: MakeParts = ({ outside }) =>
  createController({
    name: 'disks',
    for: App,
    reconcile: withFinalizers(
      App,
      [{ name: 'example/disk', cleanup: ({ metadata }) => void outside.delete(`disk ${metadata.uid}`) }],
      (_key, owner) => {
        if (owner !== undefined) outside.set(`disk ${owner.metadata.uid}`, true)
      },
    ),
  })

/** Keeps an account by a name that it has drawn. */
const byChance: MakeParts = ({ outside }) =>
  createController({
    name: 'accounts',
    for: App,
    reconcile: withFinalizers(
      App,
      [
        {
          name: 'example/account',
          cleanup: ({ status }) => void outside.delete(JSON.stringify(status?.['account'])),
        },
      ],
      async (key, owner, { client, env }) => {
        if (owner === undefined) return
        const { uid, resourceVersion } = owner.metadata
        const account = owner.status?.['account'] ?? `account-${env.random.next()}`
        const preconditions = { uid, resourceVersion }
        if (owner.status === undefined)
          await client.modifyStatus(App, key, draft => void (draft.status = { account }), { preconditions })
        else outside.set(JSON.stringify(account), true)
      },
    ),
  })

describe('is no fault:', () => {
  test.each<[string, MakeParts, object]>([
    ['20 polls of 50 ms', polling(20), {}],
    ['40 polls of 50 ms', polling(40), {}],
    ['15 sleeps of 20 ms in one attempt', sleeping, {}],
    ['60 children, one write each', children(60), { executions: 4 }],
    ['120 children, one write each', children(120), { executions: 2 }],
    ['60 steps that are noted in the status', saga(60), { executions: 4 }],
    ['a key outside that holds a uid', byUid, {}],
    [
      'a key outside that was drawn',
      byChance,
      { compared: ({ status: _status, ...object }: StoredObject) => object },
    ],
  ])('%s', async (_what, make, more) => {
    await expect(check(make, { ...options, ...more })).resolves.toMatchObject({ complete: false })
  })
})

describe('limits of loops', () => {
  const invariantOf = async (make: MakeParts, more: object): Promise<string> => {
    const failure: unknown = await check(make, { ...options, ...more }).catch((error: unknown) => error)
    return failure instanceof CheckFailedError ? failure.invariant : 'none'
  }

  test.each<[string, MakeParts, object]>([
    ['writes', saga(60), { executions: 4, writesInRowMax: 0 }],
    ['polls', sleeping, { pollsPerSecondMax: 10 }],
  ])('are options: %s', async (_what, make, more) => {
    expect(await invariantOf(make, more)).toBe('noHotLoop')
  })

  test.each([{ writesInRowMax: -1 }, { pollsPerSecondMax: 0.5 }, { timeMs: 0 }])(
    '%j is refused',
    async more => {
      await expect(check(saga(1), { ...options, ...more })).rejects.toMatchObject({ code: 'Invalid' })
    },
  )
})

test('names that differ in ordinals only are the same where they are compared so', async () => {
  // A pod that goes is replaced under the next number.
  const numbered: MakeParts = () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined || owner.metadata.deletionTimestamp !== undefined) return
        const { uid, resourceVersion } = owner.metadata
        const next = Number(owner.status?.['next'] ?? 0)
        const name = `${key.name}-${uid}-${next}`
        const own = podsOf(owner, client.list(Pod).items)
        if (own.some(pod => pod.metadata.name === name)) {
          await client.modifyStatus(App, key, draft => void (draft.status = { next: next + 1 }), {
            preconditions: { uid, resourceVersion },
          })
        } else if (own.length === 0) await client.create(Pod, podOf(owner, name))
      },
    })
  const faults = { stale: 0 }
  const withoutStatus = ({ status: _status, ...object }: StoredObject): StoredObject => object
  const alike = withoutOrdinals(Pod)
  await expect(check(numbered, { ...options, faults, compared: withoutStatus })).rejects.toThrow(
    'web-<uid>-1',
  )
  const compared = (object: StoredObject): StoredObject => alike(withoutStatus(object))
  await expect(check(numbered, { ...options, faults, compared })).resolves.toBeDefined()
})
