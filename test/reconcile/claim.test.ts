import { describe, expect, test } from 'vitest'
import {
  claim,
  controllerOf,
  controllerReference,
  createExpectations,
  slowStart,
} from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Part, ref, Secret, Widget, widget } from '../fixtures/kinds.js'

async function startClaims() {
  const store = createStore({ kinds: [Widget, Part, Secret] })
  const owner = await store.create(Widget, widget('owner'))
  const other = await store.create(Widget, widget('other'))
  const part = (
    name: string,
    tier: string,
    ownerReferences = [] as ReturnType<typeof controllerReference>[],
  ) => store.create(Part, { metadata: { ...ref(name), labels: { tier }, ownerReferences }, spec: {} })
  await part('orphan', 'web')
  await part('foreign', 'web', [controllerReference(Widget, other)])
  await part('mine', 'web', [controllerReference(Widget, owner)])
  await part('left', 'db', [controllerReference(Widget, owner)])
  const options = { kind: Widget, owner, of: Part, selector: 'tier=web' }
  const names = (objects: readonly { metadata: { name: string } }[]) =>
    objects.map(({ metadata }) => metadata.name)
  const ownerOf = (name: string) => {
    const found = store.get(Part, ref(name))
    return found === undefined ? undefined : controllerOf(found)?.name
  }
  return { store, owner, options, names, ownerOf }
}

describe('a claim', () => {
  test('adopts what matches and has no owner, releases what no longer matches, in one revision', async () => {
    const { store, options, names, ownerOf } = await startClaims()
    const before = store.revision
    const { owned, adopted, released } = await claim(store, options)
    expect([names(owned), names(adopted), names(released)]).toEqual([
      ['mine', 'orphan'],
      ['orphan'],
      ['left'],
    ])
    expect(['orphan', 'foreign', 'mine', 'left'].map(ownerOf)).toEqual(['owner', 'other', 'owner', undefined])
    expect(store.revision).toBe(before + 1)
    const again = await claim(store, options)
    expect([names(again.owned), again.adopted, again.released]).toEqual([['mine', 'orphan'], [], []])
    expect(store.revision).toBe(before + 1)
  })

  test('adopts nothing for an owner that was replaced or is being deleted since it was read', async () => {
    const { store, options, ownerOf } = await startClaims()
    await store.modify(Widget, ref('owner'), draft => void draft.metadata.finalizers.push('a/b'))
    await store.delete(Widget, ref('owner'))
    expect((await claim(store, options)).adopted).toEqual([])
    await store.modify(Widget, ref('owner'), draft => void (draft.metadata.finalizers = []))
    await store.create(Widget, widget('owner'))
    expect((await claim(store, options)).owned).toEqual([])
    expect(ownerOf('orphan')).toBeUndefined()
  })

  test.each(['', ' ', {}, { matchLabels: {}, matchExpressions: [] }])(
    'the selector %j is refused',
    async selector => {
      const { store, options } = await startClaims()
      await expect(claim(store, { ...options, selector })).rejects.toMatchObject({ code: 'Invalid' })
    },
  )
})

describe('slow start', () => {
  test('counts synchronous throws, and says what was not begun', async () => {
    const report = await slowStart([1, 2, 3, 4, 5, 6, 7, 8], item => {
      if (item >= 3) throw new Error(`refused ${item}`)
      return Promise.resolve()
    })
    expect(report).toEqual({ batches: [1, 2], succeeded: 2, skipped: 5, error: new Error('refused 3') })
  })

  test.each([0, -1, 1.5, Number.NaN])('%s is no batch', async initialBatch => {
    await expect(slowStart([1], async () => {}, { initialBatch })).rejects.toMatchObject({ code: 'Invalid' })
  })
})

describe('expectations', () => {
  test('a deletion counts once, by uid; what is expected anew replaces what was', async () => {
    const expectations = createExpectations(createVirtualEnv().clock)
    expectations.expect('k', { creations: 1, deletions: ['u1', 'u2'] })
    expectations.deleted('k', 'u1')
    expectations.deleted('k', 'u1')
    expectations.deleted('k', 'other')
    expectations.created('k')
    expect(expectations.satisfied('k')).toBe(false)
    expectations.deleted('k', 'u2')
    expect(expectations.satisfied('k')).toBe(true)
    expectations.expect('k', { creations: 1 })
    expect([expectations.satisfied('k'), expectations.satisfied('unknown')]).toEqual([false, true])
    expectations.forget('k')
    expect(expectations.satisfied('k')).toBe(true)
  })
})
