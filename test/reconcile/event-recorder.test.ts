import { describe, expect, test } from 'vitest'
import { Event, Lease } from '../../src/api/index.js'
import type { EventRecorderOptions } from '../../src/reconcile/events/event-recorder.js'
import { createController, createEventRecorder, createManager } from '../../src/reconcile/index.js'
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

describe('under an election', () => {
  const lease = { namespace: 'default', name: 'x' }

  async function openTwo(reconcileMs: number) {
    const { env, store } = createWorld({ kinds: [Widget, Lease, Event] })
    const log: string[] = []
    store.watch([Widget, Event]).on(({ events }) => {
      for (const { object } of events)
        log.push(object.kind === 'Event' ? `event ${(object as Event).spec.note}` : `status`)
    })
    const managers = ['a', 'b'].map(identity => {
      const manager = createManager({
        client: store.client(env.fork(identity)),
        leaderElection: { kind: Lease, lease: 'x', identity },
      })
      manager.add(
        createController({
          name: `widgets-${identity}`,
          for: Widget,
          events: Event,
          reconcile: async (key, object, { client, record }) => {
            if (object?.status?.size === (identity === 'a' ? 1 : 2) || object === undefined) return
            await env.clock.sleep(identity === 'a' ? reconcileMs : 0)
            record({ reason: 'Done', note: `by ${identity}` })
            const size = identity === 'a' ? 1 : 2
            await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
          },
        }),
      )
      return manager
    })
    for (const manager of managers) await env.run(() => manager.start())
    await env.run(() => store.create(Widget, widget('w')))
    await env.advance(100)
    return { env, store, log, managers }
  }

  // Within the wait for its attempts, and after they were given up.
  test.each([10_000, 40_000])('what an old leader tells %s ms later is not written', async reconcileMs => {
    const { env, store, log, managers } = await openTwo(reconcileMs)
    await env.run(() =>
      store.modify(Lease, lease, draft => void (draft.spec = { ...draft.spec, holderIdentity: '' })),
    )
    await env.advance(60_000)
    expect(managers.map(manager => manager.status().election?.leading)).toEqual([false, true])
    expect(log).toContain('event by b')
    expect(log).not.toContain('event by a')
  })

  test('what a leader told before it resigns is written', async () => {
    const { env, log, managers } = await openTwo(50)
    await env.run(async () => managers[0]?.stop())
    expect(log).toContain('event by a')
  })
})
