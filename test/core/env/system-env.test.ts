import { describe, expect, test } from 'vitest'
import { createSystemClock } from '../../../src/core/env/system-clock.js'
import { createSystemIds, uuidFrom } from '../../../src/core/env/system-ids.js'
import { createSystemTasks } from '../../../src/core/env/system-tasks.js'
import { createEnv, createSeededRandom, silentLogger, systemEnv } from '../../../src/core/index.js'
import type { LogFields } from '../../../src/core/internal.js'
import { createFakeHost } from './fake-host.js'

const about = { kind: 'deliver', label: 'watch' } as const

function fakeWorld() {
  const host = createFakeHost()
  const errors: LogFields[] = []
  const logger = {
    ...silentLogger,
    error: (fields: LogFields | string) => void errors.push(fields as LogFields),
  }
  const env = createEnv({
    process: 'p',
    clock: createSystemClock(host),
    tasks: createSystemTasks({ host }),
    logger,
  })
  const drain = (): void => {
    for (let i = 0; i < 20; i++) host.turn()
    while (host.jump());
  }
  return { host, env, errors, drain }
}

describe('env', () => {
  test('close drops timers and steps of itself and of all forks, and takes the timers back from the host', () => {
    const { host, env, drain } = fakeWorld()
    const ran: string[] = []
    const child = env.fork('child')
    const grandchild = child.fork('grandchild')
    for (const each of [env, child, grandchild]) {
      each.clock.after(5, () => ran.push(`timer ${each.process}`))
      each.tasks.defer(() => ran.push(`step ${each.process}`), about)
    }
    child.close()
    expect([env.closed, child.closed, grandchild.closed]).toEqual([false, true, true])
    drain()
    expect(ran).toEqual(['step p', 'timer p'])
    env.clock.after(5, () => ran.push('late'))
    env.close()
    env.close()
    expect(host.armed).toHaveLength(0)
    drain()
    expect(ran).toHaveLength(2)
  })

  test('work offered after close is accepted and never runs; a fork of a closed env is closed', () => {
    const { env, drain } = fakeWorld()
    env.close()
    const ran: string[] = []
    env.clock.after(0, () => ran.push('timer'))()
    env.tasks.defer(() => ran.push('step'), about)()
    const fork = env.fork('late')
    fork.clock.after(0, () => ran.push('fork'))
    expect(fork.closed).toBe(true)
    drain()
    expect(ran).toEqual([])
  })

  test('a step that closes the env stops the steps behind it', () => {
    const { env, drain } = fakeWorld()
    const ran: string[] = []
    env.tasks.defer(() => env.close(), about)
    env.tasks.defer(() => ran.push('after the crash'), about)
    drain()
    expect(ran).toEqual([])
  })

  test('a sleep stays pending for ever once its env is closed, even when aborted', async () => {
    const { env, host, drain } = fakeWorld()
    const controller = new AbortController()
    let outcome = 'pending'
    const sleeping = env.clock.sleep(5, controller.signal)
    sleeping.then(
      () => (outcome = 'woke'),
      () => (outcome = 'aborted'),
    )
    void env.clock.sleep(5).then(() => (outcome = 'woke'))
    env.close()
    void env.clock.sleep(0).then(() => (outcome = 'woke'))
    controller.abort()
    drain()
    await new Promise(resolve => setImmediate(resolve))
    expect([outcome, host.armed.length]).toEqual(['pending', 0])
  })

  test('sleep wakes on time while the env lives', async () => {
    const { env, host } = fakeWorld()
    const sleeping = env.clock.sleep(5).then(() => host.time)
    host.jump()
    expect(await sleeping).toBe(5)
  })

  test('a step that throws is logged with its label, and the next one runs', () => {
    const { env, errors, drain } = fakeWorld()
    const failure = new Error('bad')
    let ran = false
    env.tasks.defer(() => {
      throw failure
    }, about)
    env.tasks.defer(() => {
      ran = true
    }, about)
    drain()
    expect(errors).toEqual([{ err: failure, kind: 'deliver', label: 'watch' }])
    expect(ran).toBe(true)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a delay of %s', async ms => {
    const { env } = fakeWorld()
    expect(() => env.clock.after(ms, () => {})).toThrow(expect.objectContaining({ code: 'Invalid' }))
    await expect(env.clock.sleep(ms)).rejects.toMatchObject({ code: 'Invalid' })
  })

  test('keeps the parts that it was given, in forks too', () => {
    const random = createSeededRandom(1)
    const env = createEnv({ random, ids: { next: () => 'fixed' } })
    expect([env.process, env.random, env.fork('b').random, env.fork('b').ids.next()]).toEqual([
      'main',
      random,
      random,
      'fixed',
    ])
    expect(env.fork('b').process).toBe('b')
  })
})

describe('system env', () => {
  test('cannot be closed, its forks can', () => {
    expect(() => systemEnv.close()).toThrow(expect.objectContaining({ code: 'Usage' }))
    const fork = systemEnv.fork('one')
    fork.close()
    expect([systemEnv.closed, fork.closed]).toEqual([false, true])
  })

  test('runs on the real host', async () => {
    const order: string[] = []
    systemEnv.tasks.defer(() => order.push('step'), about)
    order.push('sync')
    const before = systemEnv.clock.monotonic()
    await systemEnv.clock.sleep(2)
    expect(order).toEqual(['sync', 'step'])
    expect(systemEnv.clock.monotonic() - before).toBeGreaterThanOrEqual(2)
    expect(Math.abs(systemEnv.clock.now() - Date.now())).toBeLessThan(1000)
    systemEnv.logger.child({}).info('nobody hears this')
    systemEnv.metrics.counter('x').add()
    systemEnv.metrics.gauge('x').set(1)
    systemEnv.metrics.histogram('x').record(1)
  })

  test('gives version 4 UUIDs and numbers in [0, 1)', () => {
    const ids = Array.from({ length: 100 }, () => systemEnv.ids.next('task'))
    expect(new Set(ids).size).toBe(100)
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const number = systemEnv.random.next()
    expect(number >= 0 && number < 1).toBe(true)
    expect(systemEnv.random.fork('a').next()).toBe(systemEnv.random.fork('a').next())
  })

  test('stamps version and variant into any random words', () => {
    expect(uuidFrom(new Uint32Array(4).fill(0xffffffff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
    expect(uuidFrom(new Uint32Array(4))).toBe('00000000-0000-4000-8000-000000000000')
    const words = new Uint32Array([
      1, 2, 0x01234567, 0x89abcdef, 0x01234567, 0x89abcdef, 0x01234567, 0x89abcdef,
    ])
    expect(uuidFrom(words, 4)).toBe('01234567-89ab-4def-8123-456789abcdef')
  })

  test('fetches random words for many ids at once, and no word twice', () => {
    let calls = 0
    const ids = createSystemIds({
      ...createFakeHost(),
      randomWords: into => {
        calls++
        for (let index = 0; index < into.length; index++) into[index] = calls * 1_000 + index
      },
    })
    const made = Array.from({ length: 200 }, () => ids.next())
    expect(new Set(made).size).toBe(200)
    expect(calls).toBeLessThan(10)
  })
})
