import { describe, expect, test } from 'vitest'
import { createController } from '../../../../src/reconcile/index.js'
import type { MakeParts } from '../../../../src/testing/index.js'
import { CheckFailedError, check } from '../../../../src/testing/index.js'
import { App, app, apps, oneApp, Pod, podOf, podsOf } from '../../fixtures/apps.js'
import type { Scope } from './rests.js'
import { applying, live, randomlyNamed, rests, sameInOneOrder, sameOneByOne } from './rests.js'

/** Makes pods of random names without end in sight: it rests in as many states as there are orders. */
const careless = apps(async (key, owner, { client }) => {
  if (owner === undefined || owner.status !== undefined) return
  await client.create(Pod, podOf(owner, `${key.name}-${owner.spec.replicas}`)).catch(() => {})
  await client.modifyStatus(App, key, draft => void (draft.status = { made: owner.spec.replicas ?? 0 }))
})

describe('with states told apart', () => {
  test.each([
    ['live reads and a crash', live, { ...oneApp, faults: { crash: 1, edit: 0 } }],
    [
      'rests that depend on the order',
      careless,
      { ...oneApp, faults: { crash: 0, edit: 1 }, deviationsMax: 2 },
    ],
  ] satisfies [string, MakeParts, Scope][])(
    'the same rests are reached as without: %s',
    async (_name, make, options) => {
      const plain = await rests(make, options, 'not told apart')
      const merged = await rests(make, options, 'told apart')
      expect(merged.found).toEqual(plain.found)
      expect(merged.executions).toBeLessThan((plain.executions * 2) / 3)
    },
  )

  test.each([
    ['live reads', live, { crash: 0, edit: 0 }],
    ['live reads and a crash', live, { crash: 1, edit: 0 }],
    ['children over a cache', applying, { crash: 0, edit: 0 }],
  ] satisfies [string, MakeParts, object][])(
    'independent writes in one order come by the states that they come by in every order: %s',
    async (_name, make, faults) => {
      await sameInOneOrder(make, { ...oneApp, objects: [app('web', { replicas: 2 })], faults })
    },
  )

  test('they come to rest where every execution does, one by one', async () => {
    await sameOneByOne({ ...oneApp, objects: [app('web', { replicas: 3 })], deviationsMax: 3 })
  })

  test.each([
    ['live reads', live, { faults: {} }, 397],
    ['children over a cache', applying, { faults: { edit: 0 } }, 43],
    ['random names', randomlyNamed, { faults: { edit: 0 } }, 41],
  ] satisfies [string, MakeParts, object, number][])(
    'a scope has as many states as it has: %s',
    async (_name, make, more, states) => {
      const report = await check(make, { ...oneApp, ...more, mode: 'exhaustive', timeMs: Infinity })
      expect(report).toMatchObject({ complete: true, states })
      expect(report.bounds).not.toMatch(/history/)
    },
  )
})

describe('code that remembers', () => {
  /** Writes its status only when it has not done so yet, as far as it remembers. */
  const remembering =
    (isDeclared: boolean): MakeParts =>
    ({ memory }) => {
      let isDone = false
      return createController({
        name: 'apps',
        for: App,
        owns: [Pod],
        reconcile: async (key, owner, { client }) => {
          if (owner === undefined || isDone) return
          if (podsOf(owner, client.list(Pod).items).length === 0)
            await client.create(Pod, podOf(owner, `${key.name}-0`))
          await client.modifyStatus(App, key, draft => void (draft.status = { made: true }))
          isDone = true
          if (isDeclared) memory.set('done', true)
        },
      })
    }
  const options = {
    ...oneApp,
    mode: 'exhaustive',
    timeMs: Infinity,
    faults: { crash: 1, edit: 0, remove: 0 },
  } as const

  test('in secret is seen through', async () => {
    const { complete, bounds } = await check(remembering(false), options)
    expect(complete).toBe(true)
    expect(bounds).toMatch(/told apart by the history of each process/)
  })

  test('and says so is believed', async () => {
    const { complete, bounds } = await check(remembering(true), options)
    expect(complete).toBe(true)
    expect(bounds).not.toMatch(/history/)
  })
})

describe('a rare bug', () => {
  /** Takes a mark that a crash has left for work under way. */
  const rare = apps(async (key, owner, { client }) => {
    if (owner === undefined) return
    const wanted = owner.spec.replicas ?? 0
    const found = podsOf(owner, client.list(Pod).items)
    for (let at = 0; at < wanted; at++)
      if (!found.some(pod => pod.metadata.name === `${key.name}-${at}`))
        await client.create(Pod, podOf(owner, `${key.name}-${at}`))
    const isMarked = owner.metadata.annotations['shrinks'] !== undefined
    if (found.length <= wanted || isMarked) return
    await client.modify(App, key, draft => void (draft.metadata.annotations['shrinks'] = 'yes'))
    for (const pod of found.slice(wanted)) await client.delete(Pod, pod.metadata)
    await client.modify(App, key, draft => void delete draft.metadata.annotations['shrinks'])
  })

  test('is found, with a replay', async () => {
    const options = { ...oneApp, mode: 'exhaustive', timeMs: Infinity } as const
    const failure: unknown = await check(rare, options).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CheckFailedError)
    const { replay, invariant, simulation } = failure as CheckFailedError
    expect(
      simulation.trace
        .filter(({ isFault }) => isFault)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['crash', 'edit'])
    await expect(check(rare, { ...options, replay })).rejects.toMatchObject({ invariant, replay })
  })
})
