import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MonotonicReader } from '../../../src/core/env/monotonic-reader.js'
import { createSystemTasks } from '../../../src/core/env/system-tasks.js'
import { createFakeHost } from './fake-host.js'

const about = { kind: 'call', label: 'a step' } as const

describe('system tasks', () => {
  test('runs every step once in the order of deferral, whatever the steps cost or defer', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ cost: fc.nat(3), children: fc.nat(2) }), { maxLength: 50 }), steps => {
        const host = createFakeHost()
        const tasks = createSystemTasks({ host })
        const deferred: number[] = []
        const ran: number[] = []
        const defer = (cost: number, children: number): void => {
          const id = deferred.push(deferred.length) - 1
          tasks.defer(() => {
            ran.push(id)
            host.time += cost
            for (let child = 0; child < children; child++) defer(cost, 0)
          }, about)
        }
        for (const { cost, children } of steps) defer(cost, children)
        expect(ran).toEqual([])
        while (host.micro.length + host.macro.length > 0) host.turn()
        expect(ran).toEqual(deferred)
      }),
    )
  })

  test('holds the event loop for one slice per turn, also when steps come one by one from promise jobs', () => {
    const host = createFakeHost()
    const tasks = createSystemTasks({ host, sliceMs: 4 })
    const perTurn: number[] = []
    let left = 100
    const step = (): void => {
      host.time += 1
      left--
      perTurn[perTurn.length - 1] = (perTurn.at(-1) ?? 0) + 1
      if (left > 0) host.microtask(() => tasks.defer(step, about))
    }
    tasks.defer(step, about)
    while (host.micro.length + host.macro.length > 0) {
      perTurn.push(0)
      host.turn()
    }
    expect(left).toBe(0)
    // The first turn of the loop has a slice before and one inside its macrotask.
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(8)
  })

  test('a storm does not hold back a timer', () => {
    const host = createFakeHost()
    const tasks = createSystemTasks({ host })
    let firedAt = -1
    host.setTimeout(() => {
      firedAt = host.time
    }, 5)
    for (let i = 0; i < 1000; i++)
      tasks.defer(() => {
        host.time += 0.5
      }, about)
    while (host.micro.length + host.macro.length > 0) host.turn()
    expect(host.time).toBe(500)
    expect(firedAt).toBeLessThanOrEqual(9)
  })

  test('steps that read the clock themselves are not asked for the time again, and the slice ends one step later at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ cost: fc.nat(6), readsFirst: fc.boolean() }), { minLength: 1 }),
        steps => {
          const host = createFakeHost()
          let readings = 0
          const reader = new MonotonicReader({ monotonic: () => (readings++, host.time) })
          const tasks = createSystemTasks({ host, reader, sliceMs: 4 })
          /** When each step of the slice began. */
          let begins: number[] = []
          for (const { cost, readsFirst } of steps)
            tasks.defer(() => {
              begins.push(host.time)
              if (readsFirst) reader.read()
              host.time += cost
              if (!readsFirst) reader.read()
            }, about)
          let slices = 0
          const slice = (run: () => void): void => {
            begins = []
            const end = host.time + 4
            run()
            host.drainMicrotasks()
            slices++
            expect(begins.filter(at => at >= end).length).toBeLessThanOrEqual(1)
          }
          slice(() => {})
          while (host.macro.length > 0) for (const fn of host.macro.splice(0)) slice(fn)
          // One for each step is its own; one opens each slice, and two may end it. Time that stood still is read again.
          const still = steps.filter(({ cost }) => cost === 0).length
          expect(readings).toBeLessThanOrEqual(steps.length + 3 * slices + still)
        },
      ),
    )
  })

  test('makes progress with steps longer than the slice', () => {
    const host = createFakeHost()
    const tasks = createSystemTasks({ host, sliceMs: 0 })
    let ran = 0
    for (let i = 0; i < 3; i++)
      tasks.defer(() => {
        ran++
      }, about)
    for (let turn = 0; turn < 10; turn++) host.turn()
    expect(ran).toBe(3)
  })

  test('a cancelled step never runs; cancelling late does nothing', () => {
    const host = createFakeHost()
    const tasks = createSystemTasks({ host })
    const ran: string[] = []
    const cancelA = tasks.defer(() => ran.push('a'), about)
    tasks.defer(() => cancelB(), about)
    const cancelB = tasks.defer(() => ran.push('b'), about)
    const cancelC = tasks.defer(() => ran.push('c'), about)
    cancelA()
    host.turn()
    cancelC()
    expect(ran).toEqual(['c'])
  })

  test('a step that throws does not stop the queue', () => {
    const host = createFakeHost()
    const tasks = createSystemTasks({ host })
    const ran: number[] = []
    tasks.defer(() => {
      throw new Error('bad step')
    }, about)
    tasks.defer(() => ran.push(1), about)
    expect(() => host.turn()).toThrow('bad step')
    host.turn()
    tasks.defer(() => ran.push(2), about)
    host.turn()
    expect(ran).toEqual([1, 2])
  })

  test('on the real host, a timer gets its turn in the middle of a storm', async () => {
    const tasks = createSystemTasks()
    let timerSawLeft = -1
    let left = 400
    const timer = new Promise<void>(resolve => {
      setTimeout(() => {
        timerSawLeft = left
        resolve()
      }, 1)
    })
    const busy = (): void => {
      const end = performance.now() + 0.5
      while (performance.now() < end);
      left--
    }
    for (let i = 0; i < 400; i++) tasks.defer(busy, about)
    await timer
    expect(timerSawLeft).toBeGreaterThan(0)
  })
})
