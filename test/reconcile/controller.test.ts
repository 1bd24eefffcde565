import { describe, expect, test } from 'vitest'
import { createController, RetryAfterError, requeueAfter, TerminalError } from '../../src/reconcile/index.js'
import type { WidgetSpec } from '../fixtures/kinds.js'
import { Part, ref, Secret, Widget, widget } from '../fixtures/kinds.js'
import { resize, startWorld } from './widget-world.js'

describe('which keys are woken', () => {
  test('each object once at the start, and again after each change', async () => {
    const seen: string[] = []
    const world = await startWorld({
      reconcile: (key, object) => {
        seen.push(`${key.name} ${object?.spec.size ?? 'gone'}`)
      },
    })
    const { env, store } = world
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    await resize(world, 'a', 2)
    await env.run(() => store.delete(Widget, ref('a')))
    await env.settle()
    expect(seen).toEqual(['a 1', 'a 2', 'a gone'])
  })

  test('one whose object is gone meanwhile runs without it, which is no failure', async () => {
    const seen: unknown[] = []
    const { env, store, controller } = await startWorld({
      reconcile: (_, object) => {
        seen.push(object?.spec.size)
        return object === undefined ? undefined : requeueAfter(1_000)
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('a')))
    await env.advance(60_000)
    expect(seen).toEqual([1, undefined])
    expect(env.logs.filter(({ level }) => level !== 'debug')).toEqual([])
    expect(controller.inspect(ref('a'))).toBeUndefined()
  })

  test('the owner of an owned object, before and after it changes hands', async () => {
    const seen: string[] = []
    const { env, store } = await startWorld({ owns: [Part], reconcile: key => void seen.push(key.name) })
    const owners = await env.run(() =>
      Promise.all([store.create(Widget, widget('a')), store.create(Widget, widget('b'))]),
    )
    await env.settle()
    const reference = (index: number) => {
      const owner = owners[index]
      if (owner === undefined) throw new Error('no such owner')
      return {
        apiVersion: 'example/v2',
        kind: 'Widget',
        name: owner.metadata.name,
        uid: owner.metadata.uid,
        controller: true,
      }
    }
    seen.length = 0
    const part = { namespace: 'default', name: 'p', ownerReferences: [reference(0)] }
    await env.run(() => store.create(Part, { metadata: part, spec: {} }))
    await env.settle()
    expect(seen.splice(0)).toEqual(['a'])
    await env.run(() =>
      store.modify(Part, ref('p'), draft => {
        draft.metadata.ownerReferences = [reference(1)]
      }),
    )
    await env.settle()
    expect(seen.splice(0)).toEqual(['a', 'b'])
    await env.run(() => store.delete(Part, ref('p')))
    await env.settle()
    expect(seen).toEqual(['b'])
  })

  test('what a mapping names, of the old and the new object', async () => {
    const seen: string[] = []
    const { env, store } = await startWorld({
      watches: [
        {
          kind: Part,
          map: part => {
            const { of } = part.spec as { of?: string }
            return of === undefined ? [] : [ref(of)]
          },
        },
      ],
      reconcile: key => void seen.push(key.name),
    })
    await env.run(() => store.create(Part, { metadata: ref('p'), spec: { of: 'x' } }))
    await env.settle()
    await env.run(() => store.modify(Part, ref('p'), draft => void (draft.spec.of = 'y')))
    await env.settle()
    expect(seen).toEqual(['x', 'x', 'y'])
  })

  test('whoever refers to a changed object, as long as it refers to it', async () => {
    const seen: string[] = []
    const { env, store } = await startWorld({
      watches: [{ kind: Secret, refs: object => (object.spec as WidgetSpec).secrets ?? [] }],
      reconcile: key => void seen.push(key.name),
    })
    const write = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      await env.run(work)
      await env.settle()
      return seen.splice(0)
    }
    await write(() => store.create(Widget, widget('a', { size: 1, secrets: [{ name: 's' }] })))
    await write(() => store.create(Widget, widget('b', { size: 1, secrets: [{ name: 't' }] })))
    expect(await write(() => store.create(Secret, { metadata: ref('s'), spec: { value: '1' } }))).toEqual([
      'a',
    ])
    await write(() => store.modify(Widget, ref('a'), draft => void (draft.spec.secrets = [{ name: 't' }])))
    const rotate = () => store.modify(Secret, ref('s'), draft => void (draft.spec.value = '2'))
    expect(await write(rotate)).toEqual([])
    expect(await write(() => store.create(Secret, { metadata: ref('t'), spec: { value: '1' } }))).toEqual([
      'b',
      'a',
    ])
  })

  test('a mapping that throws is logged and does not keep the controller from its own keys', async () => {
    const seen: string[] = []
    const { env, store } = await startWorld({
      watches: [
        {
          kind: Secret,
          refs: () => {
            throw new Error('bad mapping')
          },
        },
      ],
      reconcile: key => void seen.push(key.name),
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(seen).toEqual(['a'])
    expect(env.logs.filter(line => line.level === 'error').length).toBe(1)
  })
})

describe('what follows a run', () => {
  test('requeueAfter brings the key back after that time, and not before', async () => {
    const runs: number[] = []
    const { env, store } = await startWorld({
      reconcile: (_key, _object, ctx) => {
        runs.push(ctx.env.clock.monotonic())
        return runs.length < 3 ? requeueAfter(5_000) : undefined
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(60_000)
    expect(runs.map(at => at - (runs[0] ?? 0))).toEqual([0, 5_000, 10_000])
  })

  test('a failing key backs off exponentially, and starts over after a success', async () => {
    const runs: { at: number; attempt: number }[] = []
    const world = await startWorld({
      reconcile: (_key, object, ctx) => {
        runs.push({ at: ctx.env.clock.monotonic(), attempt: ctx.attempt })
        if (object?.spec.size === 1) throw new Error('not yet')
      },
    })
    const { env, store, controller } = world
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(5 + 10 + 20 + 39)
    expect(runs.map(run => run.attempt)).toEqual([0, 1, 2, 3])
    expect(runs.map(run => run.at - (runs[0]?.at ?? 0))).toEqual([0, 5, 15, 35])
    expect(controller.status()).toMatchObject({ delayed: 1, failures: 1 })
    await resize(world, 'a', 2)
    expect(controller.inspect(ref('a'))).toBeUndefined()
    expect(controller.status()).toMatchObject({ delayed: 0, failures: 0 })
    expect(env.logs.filter(line => line.level === 'error').length).toBe(4)
  })

  test('RetryAfter decides its own delay and counts as a failure', async () => {
    const runs: number[] = []
    const { env, store, controller } = await startWorld({
      reconcile: (_key, _object, ctx) => {
        runs.push(ctx.env.clock.monotonic())
        throw new RetryAfterError(700, 'rate limited by the cloud')
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(1_500)
    expect(runs.map(at => at - (runs[0] ?? 0))).toEqual([0, 700, 1_400])
    expect(controller.inspect(ref('a'))?.failures).toBe(3)
  })

  test('a terminal failure waits for the next change', async () => {
    let runs = 0
    const world = await startWorld({
      reconcile: () => {
        runs++
        throw new TerminalError('the spec makes no sense')
      },
    })
    const { env, store } = world
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(10_000_000)
    expect(runs).toBe(1)
    await resize(world, 'a', 2)
    expect(runs).toBe(2)
    expect(
      env.metrics.value('controller_runtime_terminal_reconcile_errors_total', { controller: 'widgets' }),
    ).toBe(2)
  })

  test('a lost write race is tried again soon, is no failure and is not logged as an error', async () => {
    const runs: number[] = []
    const { env, store, controller } = await startWorld({
      reconcile: async (key, object, { client, attempt }) => {
        if (object === undefined) return
        runs.push(attempt)
        const size = -runs.length
        if (runs.length < 4) await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
        await client.updateStatus(Widget, { ...object, status: { size: object.spec.size ?? 0 } })
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(1_000)
    expect(store.get(Widget, ref('a'))?.status?.size).toBe(1)
    expect(new Set(runs)).toEqual(new Set([0]))
    expect(env.logs.filter(line => line.level === 'error' || line.level === 'warn')).toEqual([])
    expect(
      env.metrics.value('controller_runtime_reconcile_total', { controller: 'widgets', result: 'conflict' }),
    ).toBe(3)
    expect(controller.inspect(ref('a'))).toBeUndefined()
  })

  test('a thrown value that is no error is wrapped', async () => {
    const { env, store } = await startWorld({
      reconcile: () => {
        throw 'just text'
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    const [line] = env.logs.filter(entry => entry.level === 'error')
    expect(line?.fields['err']).toBeInstanceOf(Error)
  })

  test('a limiter that gives no delay is logged, and the key still runs after its next change', async () => {
    let runs = 0
    const world = await startWorld({
      limiter: { delay: () => ({ ms: Number.NaN }) },
      reconcile: () => {
        runs++
        throw new Error('failed')
      },
    })
    await world.env.run(() => world.store.create(Widget, widget('a')))
    await world.env.settle()
    await resize(world, 'a', 2)
    expect(runs).toBe(2)
    expect(world.controller.status().inFlight).toBe(0)
  })

  test('a recreated object does not inherit the failures of its namesake', async () => {
    const attempts: number[] = []
    const { env, store } = await startWorld({
      reconcile: (_key, object, ctx) => {
        attempts.push(ctx.attempt)
        if (object !== undefined) throw new Error('never works')
        throw new Error('cleaning up fails too')
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(20)
    await env.run(() => store.delete(Widget, ref('a')))
    await env.settle()
    expect(attempts).toEqual([0, 1, 2, 3])
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(attempts.at(-1)).toBe(0)
  })
})

describe('how many run at once', () => {
  test('concurrency keys at most, and one attempt per key', async () => {
    let active = 0
    let most = 0
    const keys = new Set<string>()
    const { env, store } = await startWorld({
      concurrency: 3,
      reconcile: async (key, _object, ctx) => {
        expect(keys.has(key.name)).toBe(false)
        keys.add(key.name)
        most = Math.max(most, ++active)
        await ctx.env.clock.sleep(100)
        active--
        keys.delete(key.name)
      },
    })
    await env.run(() =>
      Promise.all(['a', 'b', 'c', 'd', 'e'].map(name => store.create(Widget, widget(name)))),
    )
    await env.advance(1_000)
    expect(most).toBe(3)
    expect(active).toBe(0)
  })

  test('a change during an attempt makes the key run again after it', async () => {
    const seen: number[] = []
    const world = await startWorld({
      reconcile: async (_key, object, ctx) => {
        await ctx.env.clock.sleep(100)
        seen.push(object?.spec.size ?? 0)
      },
    })
    await world.env.run(() => world.store.create(Widget, widget('a')))
    await world.env.advance(50)
    await resize(world, 'a', 2)
    await resize(world, 'a', 3)
    await world.env.advance(1_000)
    expect(seen).toEqual([1, 3])
  })
})

describe('bad input', () => {
  test.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: 1.5 }, 'concurrency'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, 'timeoutMs'],
    [{ name: '' }, 'name'],
  ])('%o is refused', (wrong, field) => {
    const options = { name: 'w', for: Widget, reconcile: () => {}, ...wrong }
    expect(() => createController(options)).toThrow(field)
  })

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('a requeue after %s is refused', ms => {
    expect(() => requeueAfter(ms)).toThrow(/finite/)
    expect(() => new RetryAfterError(ms, 'x')).toThrow(/finite/)
  })

  test('starting twice is a usage error; a stopped controller can start again', async () => {
    const { env, store, manager, controller } = await startWorld({ reconcile: () => {} })
    await expect(controller.start(store)).rejects.toMatchObject({ code: 'Usage' })
    await env.run(() => manager.stop())
    await env.run(() => controller.start(store))
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(
      env.metrics.value('controller_runtime_reconcile_total', { controller: 'widgets', result: 'success' }),
    ).toBe(1)
  })
})
