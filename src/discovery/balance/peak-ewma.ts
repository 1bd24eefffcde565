import type { Random } from '../../core/index.js'
import { assertValid, wholeNumber } from '../../core/internal.js'
import type { Balancer, Candidate } from './balancer.js'
import { weighted } from './balancer.js'
import { twoOf } from './random-choice.js'

/** A balancer that learns from response times. */
export interface PeakEwma extends Balancer {
  /** An answer of the candidate took `rttMs`. */
  observe(id: string, rttMs: number, nowMs: number): void
}

interface Average {
  costMs: number
  atMs: number
}

/** How fast peaks are forgotten. */
const DECAY_MS = 10_000
/** What is assumed of a candidate that was not measured yet while others were: it is tried, and not flooded. */
const UNMEASURED_MS = 1000

/**
 * Of two at random, the one with the smaller response time · (active + 1) / weight. The time is a moving average that a slow
 * answer raises at once and faster ones lower with e^(−Δt / decay). Source: Finagle's peak EWMA.
 *
 * @param decayMs default 10 000
 * @throws InvalidError for a decay below 1
 */
export function createPeakEwma(random: Random, decayMs: number = DECAY_MS): PeakEwma {
  assertValid('peak EWMA', wholeNumber('decayMs', decayMs, { min: 1 }))
  let candidates: readonly Candidate[] = []
  let averages = new Map<string, Average>()
  return {
    update: given => {
      candidates = weighted(given)
      averages = new Map([...averages].filter(([id]) => given.some(candidate => candidate.id === id)))
    },
    observe: (id, rttMs, nowMs) => {
      const average = averages.get(id)
      if (average === undefined) {
        if (candidates.some(candidate => candidate.id === id))
          averages.set(id, { costMs: rttMs, atMs: nowMs })
        return
      }
      const keep = Math.exp(-Math.max(0, nowMs - average.atMs) / decayMs)
      average.costMs = rttMs > average.costMs ? rttMs : average.costMs * keep + rttMs * (1 - keep)
      average.atMs = nowMs
    },
    pick: ({ excluded, active = () => 0 } = {}) => {
      const list = candidates.filter(({ id }) => excluded?.has(id) !== true)
      const [first, second] = twoOf(list, random)
      if (first === undefined || second === undefined) return first?.id
      const cost = ({ id, weight }: Candidate): number =>
        ((averages.get(id)?.costMs ?? UNMEASURED_MS) * (active(id) + 1)) / weight
      return cost(second) < cost(first) ? second.id : first.id
    },
  }
}
