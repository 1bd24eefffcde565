import { describe, expect, test } from 'vitest'
import { Event } from '../../src/api/index.js'
import type { EventRecorderOptions } from '../../src/reconcile/events/event-recorder.js'
import { createEventRecorder } from '../../src/reconcile/index.js'
import type { StoreOptions } from '../../src/store/index.js'

import { Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

async function startRecorder(
  options: Partial<EventRecorderOptions> = {},
  admission: NonNullable<StoreOptions['admission']> = [],
) {
  const { env, store } = createWorld({ kinds: [Event], admission })
  const regarding = await store.create(Widget, widget('a'))
  const client = store.client(env)
  const recorder = createEventRecorder({ client, kind: Event, reportingController: 'test', ...options })
  const tell = (note: string, reason = 'Scaled') => recorder.record({ regarding, reason, note })
  const events = () => store.list(Event).items.map(({ spec }) => [spec.reason, spec.note, spec.count])
  return { env, store, recorder, tell, events }
}

describe('an event recorder', () => {
  test('writes one object for equal events, with a count, times and what it is about', async () => {
    const { env, store, recorder, tell, events } = await startRecorder()
    tell('to 3')
    await env.settle()
    await env.advance(5_000)
    tell('to 3')
    tell('to 4')
    expect(await env.run(() => recorder.flush())).toBe(0)
    expect(events()).toHaveLength(2)
    expect(events()).toEqual(
      expect.arrayContaining([
        ['Scaled', 'to 3', 2],
        ['Scaled', 'to 4', 1],
      ]),
    )
    const [first] = store.list(Event, { fieldSelector: 'spec.note=to 3' }).items
    const { firstTime = '', lastTime = '', regarding, type } = first?.spec ?? {}
    expect(Date.parse(lastTime) - Date.parse(firstTime)).toBe(5_000)
    expect([regarding?.kind, regarding?.name, type]).toEqual(['Widget', 'a', 'Normal'])
  })

  test('brings many notes of one reason together', async () => {
    const { env, recorder, tell, events } = await startRecorder()
    for (let n = 0; n < 15; n++) tell(`to ${n}`)
    await env.run(() => recorder.flush())
    expect(events().length).toBe(10)
    expect(Math.max(...events().map(([, , count]) => Number(count)))).toBe(6)
  })

  test('tells notes apart again after a quiet time', async () => {
    const { env, recorder, tell, events } = await startRecorder()
    for (let n = 0; n < 10; n++) tell(`to ${n}`)
    await env.advance(600_001)
    tell('to 99')
    await env.run(() => recorder.flush())
    expect(events()).toContainEqual(['Scaled', 'to 99', 1])
  })

  test('drops what is too much: about one object, and for its queue', async () => {
    const spam = await startRecorder()
    for (let n = 0; n < 30; n++) spam.tell('same')
    await spam.env.run(() => spam.recorder.flush())
    expect([spam.recorder.dropped, spam.events()]).toEqual([5, [['Scaled', 'same', 25]]])
    const full = await startRecorder({ queueMax: 2 })
    for (const note of ['a', 'b', 'c', 'd']) full.tell(note)
    expect([full.recorder.pending, full.recorder.dropped]).toEqual([2, 2])
  })

  test('tries again for two minutes, and gives up what is refused at once', async () => {
    let failures = 3
    const lossy = await startRecorder({}, [
      {
        name: 'lossy',
        phase: 'validate',
        kinds: [Event],
        handle: () => {
          if (failures-- > 0) throw new Error('connection lost')
        },
      },
    ])
    lossy.tell('a')
    await lossy.env.advance(60_000)
    expect([lossy.events().length, lossy.recorder.pending]).toEqual([1, 0])
    const refused = await startRecorder()
    refused.tell('bad', 7 as never)
    refused.tell('good')
    await refused.env.settle()
    expect([refused.events(), refused.recorder.dropped]).toEqual([[['Scaled', 'good', 1]], 1])
  })

  test('makes an event anew that was deleted meanwhile', async () => {
    const { env, store, recorder, tell, events } = await startRecorder()
    tell('a')
    await env.run(() => recorder.flush())
    for (const { metadata } of store.list(Event).items) await env.run(() => store.delete(Event, metadata))
    tell('a')
    await env.run(() => recorder.flush())
    expect(events()).toEqual([['Scaled', 'a', 2]])
  })

  test('a flush ends in time', async () => {
    const { env, recorder, tell } = await startRecorder({}, [
      {
        name: 'down',
        phase: 'validate',
        kinds: [Event],
        handle: () => {
          throw new Error('down')
        },
      },
    ])
    tell('a')
    const flushed = recorder.flush({ timeoutMs: 1_000 })
    await env.advance(1_000)
    expect(await flushed).toBe(1)
  })
})
