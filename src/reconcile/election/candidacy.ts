import type { Contender, ElectionRecord } from './election-lease.js'

/** When, by its own clock, a candidate saw a sign of life, and which. */
export interface Observation {
  readonly pulse: string
  readonly atMs: number
}

/** What a candidate does next. */
export type Candidacy =
  | {
      readonly kind: 'acquire'
      /** `leaseTransitions` of the lease that it writes. */
      readonly transitions: number
    }
  | {
      readonly kind: 'wait'
      readonly holder: string
      /** The lease is free from then on, unless it changes. */
      readonly untilMs: number
      /** Whether to ask the holder to make room. */
      readonly asks: boolean
    }

/** What a candidate knows about itself. */
export interface Candidate extends Contender {
  readonly leaseDurationMs: number
}

/** When the present state of the lease was first seen; times that others wrote down are not believed. */
export function observe(before: Observation | undefined, record: ElectionRecord, nowMs: number): Observation {
  return before?.pulse === record.pulse ? before : { pulse: record.pulse, atMs: nowMs }
}

/**
 * Decides whether a candidate may take the lease: when it is missing, it has no holder, or its holder gave no sign of
 * life for the lease's duration since this candidate first saw the last one (client-go `tryAcquireOrRenew`). A lease
 * that was left for a preferred candidate is left to it for the candidate's own lease duration. A lease held under
 * the candidate's own name is another's: the candidate would know if it led.
 */
export function decideCandidacy(
  record: ElectionRecord | undefined,
  seenAtMs: number,
  me: Candidate,
  nowMs: number,
): Candidacy {
  if (record === undefined) return { kind: 'acquire', transitions: 0 }
  const { holder, preferred, transitions } = record
  const heir = preferred !== undefined && preferred.identity !== me.identity ? preferred : undefined
  const waitsFor = holder ?? heir
  const untilMs = seenAtMs + (holder === undefined ? me.leaseDurationMs : record.leaseDurationMs)
  if (waitsFor === undefined || nowMs >= untilMs) return { kind: 'acquire', transitions: transitions + 1 }
  const rivals = [holder, preferred].filter(rival => rival !== undefined)
  const asks = holder !== undefined && rivals.every(rival => rival.priority < me.priority)
  return { kind: 'wait', holder: waitsFor.identity, untilMs, asks }
}
