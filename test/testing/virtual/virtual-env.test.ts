import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTime } from '../../../src/core/index.js'
import { createVirtualEnv, LivelockError, VirtualTimeoutError } from '../../../src/testing/index.js'

const step = (label: string) => ({ kind: 'call', label }) as const
const startMs = Date.UTC(2026, 0, 1)

describe('virtual env', () => {
  test('starts at 2026 and moves only when told', async () => {
    const env = createVirtualEnv()
    expect(formatTime(env.clock.now())).toBe('2026-01-01T00:00:00.000Z')
    await env.advance(1500)
    expect([env.clock.now() - startMs, env.clock.monotonic()]).toEqual([1500, 1500])
    expect(createVirtualEnv({ startMs: 5 }).clock.now()).toBe(5)
  })

  test('fires timers in the order of due times at their exact instants, ties in the order of arming', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 30 }), fc.nat(30), async (delays, ms) => {
        const env = createVirtualEnv()
        const fired: [number, number][] = []
        for (const [index, delay] of delays.entries())
          env.clock.after(delay, () => fired.push([index, env.clock.monotonic()]))
        await env.advance(ms)
        const expected = [...delays.entries()]
          .filter(([, delay]) => delay <= ms)
          .sort(([i, a], [j, b]) => a - b || i - j)
        expect(fired).toEqual(expected)
        expect(env.clock.monotonic()).toBe(ms)
      }),
      { numRuns: 50 },
    )
  })

  test('a long advance equals many short ones', async () => {
    const trace = async (moves: readonly number[]): Promise<string[]> => {
      const env = createVirtualEnv()
      const seen: string[] = []
      const tick = (name: string, every: number): void => {
        seen.push(`${name}@${env.clock.monotonic()}`)
        env.tasks.defer(() => seen.push(`step of ${name}`), step(name))
        env.clock.after(every, () => tick(name, every))
      }
      tick('a', 3)
      tick('b', 5)
      for (const ms of moves) await env.advance(ms)
      return seen
    }
    expect(await trace([5, 0, 7, 3, 15])).toEqual(await trace([30]))
  })

  test('drains promise jobs and steps between instants', async () => {
    const env = createVirtualEnv()
    const seen: string[] = []
    const loop = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await env.clock.sleep(10)
        for (let hop = 0; hop < 50; hop++) await Promise.resolve()
        env.tasks.defer(() => seen.push(`step at ${env.clock.monotonic()}`), step('s'))
      }
    }
    void loop()
    env.clock.after(10, () => seen.push('other timer at 10'))
    await env.advance(30)
    expect(seen).toEqual(['step at 10', 'other timer at 10', 'step at 20', 'step at 30'])
  })

  test('settle runs steps but moves no time and fires no timer', async () => {
    const env = createVirtualEnv()
    const seen: string[] = []
    env.clock.after(0, () => seen.push('timer'))
    env.tasks.defer(() => {
      seen.push('one')
      env.tasks.defer(() => seen.push('three'), step('3'))
    }, step('1'))
    env.tasks.defer(() => seen.push('two'), step('2'))
    env.tasks.defer(() => seen.push('never'), step('x'))()
    expect(seen).toEqual([])
    await env.settle()
    expect(seen).toEqual(['one', 'two', 'three'])
    expect(env.pending()).toEqual([{ kind: 'timer', process: 'test', atMs: startMs }])
    await env.advance(0)
    expect(seen).toEqual(['one', 'two', 'three', 'timer'])
  })

  test('a livelock of steps names the labels that spin', async () => {
    const env = createVirtualEnv({ stepsMax: 100 })
    const spin = (): void => void env.tasks.defer(spin, step('spin'))
    spin()
    env.tasks.defer(() => {}, step('innocent'))
    const failure = await env.settle().catch(error => error)
    expect(failure).toBeInstanceOf(LivelockError)
    expect(failure).toMatchObject({
      code: 'Timeout',
      labels: [
        { label: 'call spin', count: 100 },
        { label: 'call innocent', count: 1 },
      ],
    })
  })

  test('a timer that re-arms itself without a delay is a livelock; with a delay it is not', async () => {
    const env = createVirtualEnv({ stepsMax: 100 })
    let delayMs = 1
    const again = (): void => void env.clock.after(delayMs, again)
    again()
    await env.advance(1000)
    delayMs = 0
    await expect(env.advance(1)).rejects.toThrow(/100 steps at one instant: 101 × timer/)
    await expect(env.runUntil(() => false)).rejects.toBeInstanceOf(LivelockError)
  })

  test('runUntil stops at the first instant at which the condition holds', async () => {
    const env = createVirtualEnv()
    let count = 0
    const tick = (): void => {
      count++
      env.clock.after(1000, tick)
    }
    tick()
    await env.runUntil(() => count === 5)
    expect([count, env.clock.monotonic()]).toEqual([5, 4000])
    await env.runUntil(() => true)
    expect(env.clock.monotonic()).toBe(4000)
  })

  test('runUntil fails with what is pending: at the deadline, or when nothing is left', async () => {
    const env = createVirtualEnv()
    env.clock.after(500, () => {})
    env.fork('worker').clock.after(5000, () => {})
    const late = await env.runUntil(() => false, { timeoutMs: 1000 }).catch(error => error)
    expect(late).toBeInstanceOf(VirtualTimeoutError)
    expect(late.code).toBe('Timeout')
    expect(late.message).toContain('timer of worker in 4000 ms')
    expect(env.clock.monotonic()).toBe(1000)
    await expect(env.runUntil(() => false)).rejects.toThrow(/nothing is left to run; nothing is pending/)
  })

  test('runUntil goes on for a day of virtual time unless told otherwise', async () => {
    const env = createVirtualEnv()
    let fired = false
    env.clock.after(86_400_000, () => {
      fired = true
    })
    await env.runUntil(() => fired)
    env.clock.after(86_400_001, () => {})
    await expect(env.runUntil(() => false)).rejects.toThrow('after 86400000 ms of virtual time')
  })

  test('run drives asynchronous work to its end and passes its failure on', async () => {
    const env = createVirtualEnv()
    const work = async (): Promise<string> => {
      await env.clock.sleep(60_000)
      return 'done'
    }
    expect(await env.run(work)).toBe('done')
    expect(env.clock.monotonic()).toBe(60_000)
    await expect(
      env.run(async () => {
        await env.clock.sleep(1)
        throw new Error('broken')
      }),
    ).rejects.toThrow('broken')
    await expect(env.run(() => new Promise(() => {}))).rejects.toBeInstanceOf(VirtualTimeoutError)
  })

  test('one move at a time; bad durations are refused and move nothing', async () => {
    const env = createVirtualEnv()
    const first = env.advance(10)
    await expect(env.advance(10)).rejects.toMatchObject({ code: 'Usage' })
    await first
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(env.advance(ms)).rejects.toMatchObject({ code: 'Invalid' })
      await expect(env.runUntil(() => true, { timeoutMs: ms })).rejects.toMatchObject({ code: 'Invalid' })
    }
    expect(env.clock.monotonic()).toBe(10)
  })

  test('a timer that throws fails the move; what is behind it stays', async () => {
    const env = createVirtualEnv()
    let fired = false
    env.clock.after(1, () => {
      throw new Error('bad timer')
    })
    env.clock.after(1, () => {
      fired = true
    })
    await expect(env.advance(5)).rejects.toThrow('bad timer')
    await env.advance(0)
    expect(fired).toBe(true)
  })

  test('closing a fork is a crash: its timers, steps and sleeps are gone, the others go on', async () => {
    const env = createVirtualEnv()
    const doomed = env.fork('doomed')
    const seen: string[] = []
    for (const each of [env, doomed]) {
      each.clock.after(5, () => seen.push(`timer ${each.process}`))
      each.tasks.defer(() => seen.push(`step ${each.process}`), step(each.process))
      void each.clock.sleep(5).then(() => seen.push(`woke ${each.process}`))
    }
    expect(env.pending()).toHaveLength(6)
    doomed.close()
    expect(env.pending()).toHaveLength(3)
    await env.advance(10)
    expect(seen).toEqual(['step test', 'timer test', 'woke test'])
    expect(env.closed).toBe(false)
    env.close()
    expect(env.closed).toBe(true)
  })

  test('ids count per hint, over all forks', () => {
    const env = createVirtualEnv()
    const fork = env.fork('b')
    expect([env.ids.next('task'), fork.ids.next('task'), env.ids.next('node'), env.ids.next()]).toEqual([
      'task-1',
      'task-2',
      'node-1',
      'id-1',
    ])
  })

  test('random streams repeat with the seed and differ between forks, also of one name', () => {
    const draw = (seed: number): number[] => {
      const env = createVirtualEnv({ seed })
      return [env, env.fork('a'), env.fork('a'), env.fork('b')].map(each => each.random.next())
    }
    expect(draw(1)).toEqual(draw(1))
    expect(new Set([...draw(1), ...draw(2)]).size).toBe(8)
  })

  test('captures logs with process, bindings and time, and steps that throw', async () => {
    const env = createVirtualEnv()
    env.logger.info('hello')
    env.fork('w').logger.child({ key: 'k' }).warn({ attempt: 2 }, 'again')
    await env.advance(7)
    env.tasks.defer(() => {
      throw new Error('oops')
    }, step('bad'))
    await env.settle()
    expect(env.logs).toEqual([
      { level: 'info', message: 'hello', fields: { process: 'test' }, timeMs: startMs },
      { level: 'warn', message: 'again', fields: { process: 'w', key: 'k', attempt: 2 }, timeMs: startMs },
      {
        level: 'error',
        message: 'a deferred step threw',
        fields: { process: 'test', err: new Error('oops'), kind: 'call', label: 'bad' },
        timeMs: startMs + 7,
      },
    ])
  })

  test('keeps the last 10,000 log lines', () => {
    const env = createVirtualEnv()
    for (let i = 0; i < 10_005; i++) env.logger.debug(`line ${i}`)
    expect([env.logs.length, env.logs[0]?.message]).toEqual([10_000, 'line 5'])
  })

  test('keeps metrics of all forks in memory', () => {
    const env = createVirtualEnv()
    env.fork('a').metrics.counter('runs').add(2)
    env.metrics.counter('runs').add()
    expect(env.metrics.value('runs')).toBe(3)
  })

  test('runs a thousand pending steps and keeps their order', async () => {
    const env = createVirtualEnv()
    const seen: number[] = []
    for (let i = 0; i < 5000; i++) env.tasks.defer(() => seen.push(i), step('s'))
    await env.settle()
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => i))
  })
})
