import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UdpFlow } from '../../../src/discovery/node/udp-flows.js'
import { UdpFlows } from '../../../src/discovery/node/udp-flows.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const LIMITS = { flowsMax: 4, flowsPerServiceMax: 3, idleMs: 100 }

interface Known {
  readonly id: number
  readonly flow: UdpFlow
  readonly openedMs: number
  seenMs: number
  /** In which turn it was used last. */
  turn: number
  answeredMs: number | undefined
}

const step = fc.record({
  act: fc.constantFrom('open', 'send', 'answer', 'end', 'wait'),
  service: fc.constantFrom('a', 'b'),
  pick: fc.nat(5),
  ms: fc.constantFrom(1, 40, 99, 100),
})

test('flows end when idle, when never answered, or to make room for one used later: as a list has it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const env = createVirtualEnv()
      const evicted: UdpFlow[] = []
      const flows = new UdpFlows(env.clock, LIMITS, flow => evicted.push(flow))
      let known: Known[] = []
      let turn = 0
      const open = new Set<UdpFlow>()
      const oldest = (among: readonly Known[]): readonly Known[] =>
        [...among].sort((a, b) => a.turn - b.turn).slice(0, 1)
      for (const { act, service, pick, ms } of steps) {
        const nowMs = env.clock.monotonic()
        const one = known[pick % Math.max(1, known.length)]
        turn++
        if (act === 'wait') await env.advance(ms)
        if (act === 'open') {
          const own = known.filter(({ flow }) => flow.service === service)
          if (own.length >= LIMITS.flowsPerServiceMax) known = known.filter(other => other !== oldest(own)[0])
          if (known.length >= LIMITS.flowsMax) known = known.filter(other => other !== oldest(known)[0])
          const flow: UdpFlow = {
            service,
            end: () => {
              open.delete(flow)
              flows.remove(flow)
            },
          }
          open.add(flow)
          flows.add(flow)
          known.push({ id: turn, flow, openedMs: nowMs, seenMs: nowMs, turn, answeredMs: undefined })
        }
        if (one !== undefined && (act === 'send' || act === 'answer')) {
          flows.seen(one.flow, act === 'answer')
          Object.assign(one, { seenMs: nowMs, turn, answeredMs: act === 'answer' ? nowMs : one.answeredMs })
        }
        if (one !== undefined && act === 'end') {
          one.flow.end()
          known = known.filter(other => other !== one)
        }
        const now = env.clock.monotonic()
        known = known.filter(
          ({ seenMs, openedMs, answeredMs }) =>
            now - seenMs < LIMITS.idleMs && (answeredMs !== undefined || now - openedMs < LIMITS.idleMs),
        )
        expect(new Set(known.map(({ flow }) => flow))).toEqual(open)
        expect(flows.size).toBe(known.length)
        expect(known.map(({ flow }) => flows.isAnswered(flow))).toEqual(
          known.map(({ answeredMs = Number.NEGATIVE_INFINITY }) => now - answeredMs < LIMITS.idleMs),
        )
      }
    }),
    { numRuns: 60 },
  )
})

test('a table without flows has no timer', async () => {
  const env = createVirtualEnv()
  const flows = new UdpFlows(env.clock, LIMITS, () => {})
  const flow: UdpFlow = { service: 'a', end: () => flows.remove(flow) }
  flows.add(flow)
  flow.end()
  const before = env.clock.monotonic()
  await env.settle()
  expect(env.clock.monotonic()).toBe(before)
  expect(flows.size).toBe(0)
})
