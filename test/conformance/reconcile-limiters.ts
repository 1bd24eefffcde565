import { expect } from 'vitest'
import type { KeyHistory, RateLimiter } from '../../src/reconcile/index.js'
import {
  bucketLimiter,
  exponentialLimiter,
  fastSlowLimiter,
  giveUpLimiter,
  maxOfLimiter,
  maxWaitLimiter,
} from '../../src/reconcile/index.js'

/** A limiter as the cases describe it. */
export interface LimiterSpec {
  readonly type: string
  readonly of?: LimiterSpec | readonly LimiterSpec[]
  readonly [parameter: string]: unknown
}

/** What is read of a case about limiters. */
export interface LimiterCase {
  readonly limiter?: LimiterSpec
  readonly ops?: readonly (readonly [name: string, ...values: unknown[]])[]
  readonly expect?: unknown
  readonly expectOurs?: unknown
  readonly expectSummary?: Readonly<Record<string, number>>
}

const noFailures: KeyHistory = { failures: 0, conflicts: 0 }

/** The limiter alone, and what a queue would remember of its keys. */
class LimiterWorld {
  nowMs = 0
  readonly limiter: RateLimiter
  readonly #histories = new Map<string, KeyHistory>()

  constructor(spec: LimiterSpec) {
    this.limiter = limiterOf(spec, { monotonic: () => this.nowMs })
  }

  play([name, ...values]: readonly [string, ...unknown[]]): unknown {
    const key = String(values[0])
    switch (name) {
      case 'when':
        this.nowMs = Number(values[1] ?? this.nowMs)
        return this.when(key)
      case 'num':
        return this.#history(key).failures
      case 'forget':
        this.#histories.delete(key)
        return null
      case 'advance':
        this.nowMs += Number(values[0])
        return null
      default:
        throw new Error(`unknown operation ${name}`)
    }
  }

  when(key: string): number | 'GIVE_UP' {
    const history = this.#history(key)
    const { ms } = this.limiter.delay(history)
    this.#histories.set(key, { failures: history.failures + 1, conflicts: 0, delayMs: ms })
    return ms === Number.POSITIVE_INFINITY ? 'GIVE_UP' : ms
  }

  #history(key: string): KeyHistory {
    return this.#histories.get(key) ?? noFailures
  }
}

export function playLimiter(example: LimiterCase): void {
  const { limiter, ops, expect: anchors, expectOurs = anchors, expectSummary } = example
  if (limiter === undefined) throw new Error('a case about limiters must name one')
  const world = new LimiterWorld(limiter)
  if (expectSummary === undefined) {
    const calls = ops ?? (expectOurs as readonly unknown[]).map(() => ['when', 'a'] as const)
    expect(calls.map(call => world.play(call))).toEqual(expectOurs)
    return
  }
  // Keys k0, k1, … fail one after the other; the summary tells of some.
  const last = Math.max(...Object.keys(expectSummary).map(key => Number(key.slice(1))))
  const delays = Array.from({ length: last + 1 }, (_, i) => [`k${i}`, world.when(`k${i}`)] as const)
  expect(Object.fromEntries(delays)).toMatchObject(expectSummary)
}

/** A bucket here never cuts a wait: the anchors' has no longest one. */
function limiterOf(spec: LimiterSpec, clock: { monotonic(): number }): RateLimiter {
  const number = (name: string): number => Number(spec[name])
  const parts = [spec.of ?? []].flat().map(part => limiterOf(part, clock))
  const inner = spec['limiter'] ?? spec['inner']
  const [only] = inner === undefined ? parts : [limiterOf(inner as LimiterSpec, clock)]
  switch (spec.type) {
    case 'itemExponential':
      return exponentialLimiter({ baseMs: number('baseMs'), maxMs: number('maxMs') })
    case 'bucket':
      return bucketLimiter({ perSecond: number('qps'), burst: number('burst'), maxWaitMs: 1e12, clock })
    case 'fastSlow':
      return fastSlowLimiter({
        fastMs: number('fastMs'),
        slowMs: number('slowMs'),
        fastMax: number('maxFast'),
      })
    case 'maxOf':
      return maxOfLimiter(...parts)
    case 'withMaxWait':
      if (only === undefined) throw new Error('withMaxWait must name the limiter that it bounds')
      return maxWaitLimiter(only, Number(spec['maxWaitMs'] ?? spec['maxDelayMs'] ?? spec['maxMs']))
    case 'stepBackoff':
      // The pauses of a stream that is opened again follow the same formula; ours begin again after a healthy one only.
      return exponentialLimiter({
        baseMs: number('initialMs'),
        factor: number('factor'),
        maxMs: number('capMs'),
      })
    case 'gradualRetry': {
      const options = { baseMs: number('initialMs'), factor: number('multiplier') }
      const backoff = exponentialLimiter({ ...options, maxMs: number('maxIntervalMs') })
      return giveUpLimiter(backoff, number('maxAttempts'))
    }
    default:
      throw new Error(`unknown limiter ${spec.type}`)
  }
}
