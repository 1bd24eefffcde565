import { expect, test } from 'vitest'
import { engineFor } from '../../../src/store/client/memory-store.js'
import { mutationOf } from '../../../src/store/engine/mutation.js'
import { KeySpace, objectOf, objectValue, pathOf } from '../../../src/store/etcd/key-space.js'
import { Mirror } from '../../../src/store/etcd/mirror.js'
import { SentObjects } from '../../../src/store/etcd/sent-objects.js'
import { WritePlanner } from '../../../src/store/etcd/write-plan.js'
import { createStore } from '../../../src/store/index.js'
import { Widget, widget } from '../../fixtures/kinds.js'

test('what is told as it was sent is what would have been parsed, and shares what it had', async () => {
  const object = await createStore({ kinds: [Widget] }).create(Widget, widget('a', { size: 2, list: [1] }))
  const sent = new SentObjects()
  const text = objectValue(object)
  const kv = { key: '/a', value: Buffer.from(text), createRevision: 7, modRevision: 9, version: 2 }
  expect(sent.told(kv)).toBeUndefined()
  sent.add('/a', Buffer.from(text), object)
  const told = sent.told(kv)
  expect(told).toEqual(objectOf(kv))
  expect(told?.metadata.resourceVersion).toBe('9')
  expect([told?.spec, Object.isFrozen(told), Object.isFrozen(told?.metadata)]).toEqual([
    object.spec,
    true,
    true,
  ])
  expect(told?.spec).toBe(object.spec)
  // Somebody else has written something else there.
  const other = { ...kv, value: Buffer.from(text.replace('"size":2', '"size":3')) }
  expect(sent.told(other)).toBeUndefined()
  expect(sent.told({ ...kv, key: '/b' })).toBeUndefined()
  sent.forget([{ delete: '/b' }])
  expect(sent.told(kv)).toBeDefined()
  sent.forget([{ put: '/a', value: text }])
  expect(sent.told(kv)).toBeUndefined()
})

test('what is too much for one transaction is not on its way', async () => {
  const object = await createStore({ kinds: [Widget] }).create(Widget, widget('a', { size: 2 }))
  const engine = engineFor({ kinds: [Widget] })
  const keys = new KeySpace('/k')
  const sent = new SentObjects()
  const mirror = new Mirror(keys, engine.env.clock, () => {})
  const planner = new WritePlanner({ keys, mirror, sent })
  const table = engine.table(Widget)
  const mutations = Array.from({ length: 129 }, (_, index) =>
    mutationOf(table, { namespace: 'default', name: `w${index}` }, object, undefined),
  )
  const told = (name: string): unknown => {
    const key = keys.object(pathOf(table, { namespace: 'default', name }))
    return sent.told({
      key,
      value: Buffer.from(objectValue(object)),
      createRevision: 7,
      modRevision: 7,
      version: 1,
    })
  }
  const plan = { readAt: 0, compares: [], kept: new Map(), cause: undefined }
  planner.transaction({ ...plan, mutations: mutations.slice(1) })
  expect([told('w0'), told('w1')]).toEqual([undefined, expect.objectContaining({ spec: { size: 2 } })])
  expect(() => planner.transaction({ ...plan, mutations: mutations.slice(0, 2).concat(mutations) })).toThrow(
    expect.objectContaining({ code: 'TooLarge' }),
  )
  expect(told('w0')).toBeUndefined()
})
