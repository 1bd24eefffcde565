import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SharedTimeout } from '../../../src/core/env/shared-timeout.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const MS = 10

/** Something begins; one that began is ended in time, or not; time passes. */
const step = fc.oneof(
  fc.constant({ kind: 'begin' } as const),
  fc.record({ kind: fc.constant('end' as const), which: fc.nat(8) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(2 * MS) }),
)

test('each is missed when its own timer would be, and none that has ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async steps => {
      const env = createVirtualEnv()
      const shared = new SharedTimeout(env.clock, MS)
      const missed: string[] = []
      const expected: string[] = []
      const ends: (() => void)[] = []
      const note = (list: string[], index: number) => () => void list.push(`${index} at ${env.clock.now()}`)
      for (const one of steps) {
        if (one.kind === 'begin') {
          const index = ends.length
          const endShared = shared.begin(note(missed, index))
          const endOwn = env.clock.after(MS, note(expected, index))
          ends.push(() => {
            endShared()
            endOwn()
          })
        } else if (one.kind === 'end') ends[one.which]?.()
        else await env.advance(one.ms)
      }
      await env.advance(MS)
      expect(missed).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

test('one that fails keeps no other from being missed, and where nothing waits there is no timer', async () => {
  const armed = new Set<() => void>()
  let nowMs = 0
  const clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: () => Promise.resolve(),
    after: (_ms: number, fn: () => void) => {
      armed.add(fn)
      return () => void armed.delete(fn)
    },
  }
  const shared = new SharedTimeout(clock, MS)
  const missed: string[] = []
  shared.begin(() => {
    throw new Error('it fails')
  })
  shared.begin(() => void missed.push('second'))
  const end = shared.begin(() => void missed.push('third'))
  expect(armed.size).toBe(1)
  nowMs = MS
  const fire = (): void => {
    const [fn] = armed
    armed.clear()
    fn?.()
  }
  expect(fire).toThrow('it fails')
  end()
  fire()
  expect(missed).toEqual(['second'])
  expect(armed.size).toBe(0)
})
