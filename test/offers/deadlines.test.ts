import { expect, test } from 'vitest'
import { Deadlines } from '../../src/offers/pool/deadlines.js'

test('a deadline that throws does not keep the others from coming', () => {
  const timers: { atMs: number; run: () => void }[] = []
  let nowMs = 0
  const deadlines = new Deadlines(
    {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: async () => {},
      after: (ms, run) => {
        const timer = { atMs: nowMs + ms, run }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      },
    },
    () => deadlines.runDue(),
  )
  const came: string[] = []
  const fail = (): never => {
    throw new Error('broken')
  }
  deadlines.at(10, fail)
  deadlines.at(10, () => void came.push('due with it'))
  deadlines.at(20, () => void came.push('due later'))
  let thrown = 0
  while (timers.length > 0) {
    const timer = timers.shift()!
    nowMs = timer.atMs
    try {
      timer.run()
    } catch {
      thrown++
    }
  }
  expect([thrown, came]).toEqual([1, ['due with it', 'due later']])
})
