import { expect } from 'vitest'
import { Lease } from '../../src/api/index.js'
import { isKeelsonError } from '../../src/core/index.js'
import type { Observation } from '../../src/reconcile/election/candidacy.js'
import { decideCandidacy, observe } from '../../src/reconcile/election/candidacy.js'
import type { ElectionRecord } from '../../src/reconcile/election/election-lease.js'
import { completeElectionOptions } from '../../src/reconcile/election/election-options.js'
import { openElection } from '../reconcile/election/candidates.js'

interface Settings {
  readonly identity?: string
  readonly leaseMs: number
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

/** What the cases of leader election say; the three kinds have different fields. */
export interface ElectionCase {
  readonly ops?: readonly (readonly unknown[])[]
  readonly config?: unknown
  readonly configs?: readonly unknown[]
  readonly timeline?: unknown
  readonly expect?: unknown
}

interface ForeignRecord {
  readonly holder: string
  readonly leaseMs: number
  readonly renew: number
  readonly transitions: number
}

function optionsOf({ identity = 'me', leaseMs, renewDeadlineMs, retryMs }: Settings) {
  const times = { leaseDurationMs: leaseMs, renewDeadlineMs, retryPeriodMs: retryMs }
  return { kind: Lease, lease: 'boss', identity, ...times }
}

/** Single attempts at given times, over a record that others write too. */
export function playElection({ config, ops = [], expect: expected }: ElectionCase): void {
  const settings = completeElectionOptions(optionsOf(config as Settings))
  const { identity, leaseDurationMs } = settings
  let record: ElectionRecord | undefined
  let seen: Observation | undefined
  let isLeading = false
  const attempt = (nowMs: number): string => {
    if (isLeading) return 'renewed'
    if (record !== undefined) seen = observe(seen, record, nowMs)
    const decision = decideCandidacy(record, seen?.atMs ?? nowMs, settings, nowMs)
    if (decision.kind === 'wait') return `held-by:${decision.holder}`
    const { transitions } = decision
    const isFirst = record === undefined
    const holder = { identity, priority: 0 }
    record = { holder, preferred: undefined, transitions, leaseDurationMs, pulse: `mine at ${nowMs}` }
    isLeading = true
    return isFirst ? 'acquired' : `acquired:${transitions}`
  }
  const answers = ops.map(([name, value]) => {
    if (name === 'try') return attempt(Number(value))
    if (name !== 'server') throw new Error(`no runner knows the operation ${String(name)}`)
    const foreign = value as ForeignRecord
    const holder = foreign.holder === '' ? undefined : { identity: foreign.holder, priority: 0 }
    const pulse = JSON.stringify([foreign.holder, foreign.renew, foreign.transitions])
    const { transitions, leaseMs } = foreign
    record = { holder, preferred: undefined, transitions, leaseDurationMs: leaseMs, pulse }
    isLeading = foreign.holder === identity && isLeading
    return null
  })
  expect(answers).toEqual(expected)
}

/** A leader whose calls get no answer after its first renewal, and a follower. */
export async function playRenewal({ config, expect: expected }: ElectionCase): Promise<void> {
  const { env, join, leaders } = openElection()
  const options = optionsOf(config as Settings)
  const leader = join('me', options)
  await env.settle()
  join('follower', { ...options, identity: 'follower' })
  leader.isPartitioned = true
  const startMs = env.clock.monotonic()
  const { stopLeadingAt, marginMs } = expected as { stopLeadingAt: number; marginMs: number }
  await env.advance(stopLeadingAt - 1)
  expect(leaders()).toEqual(['me'])
  await env.advance(1)
  expect(leaders()).toEqual([])
  await env.runUntil(() => leaders().length > 0)
  expect(leaders()).toEqual(['follower'])
  expect(env.clock.monotonic() - startMs - stopLeadingAt).toBeGreaterThanOrEqual(marginMs)
}

/** The words of the anchor stand for the field that we name. */
const FIELDS: Readonly<Record<string, string>> = {
  'leaseDuration must exceed renewDeadline': 'must be above 0 and less than leaseDurationMs',
  'renewDeadline must exceed retryPeriod*1.2': 'must exceed 1.2 times retryPeriodMs',
}

export function judgeElectionSettings({ configs = [], expect: expected }: ElectionCase): void {
  const words = expected as readonly string[]
  expect(configs.length).toBe(words.length)
  for (const [index, config] of configs.entries()) {
    const word = words[index] ?? ''
    const complete = (): unknown => completeElectionOptions(optionsOf(config as Settings))
    if (word === 'ok') expect(complete).not.toThrow()
    else {
      const problem = FIELDS[word]
      if (problem === undefined) throw new Error(`no runner knows the refusal ${word}`)
      expect(complete).toThrow(expect.toSatisfy(error => isKeelsonError(error, 'Invalid')))
      expect(complete).toThrow(problem)
    }
  }
}
