import { expect, test } from 'vitest'
import { objectOf, objectValue } from '../../../src/store/etcd/key-space.js'
import { SentObjects } from '../../../src/store/etcd/sent-objects.js'
import { createStore } from '../../../src/store/index.js'
import { Widget, widget } from '../../fixtures/kinds.js'

test('what is told as it was sent is what would have been parsed, and shares what it had', async () => {
  const object = await createStore({ kinds: [Widget] }).create(Widget, widget('a', { size: 2, list: [1] }))
  const sent = new SentObjects()
  const text = objectValue(object)
  const kv = { key: '/a', value: Buffer.from(text), createRevision: 7, modRevision: 9, version: 2 }
  expect(sent.told(kv)).toBeUndefined()
  sent.add('/a', text, object)
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
  sent.forget(['/a'])
  expect(sent.told(kv)).toBeUndefined()
})
