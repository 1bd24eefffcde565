import { expect } from 'vitest'
import type { RestartPolicy } from '../../src/workloads/slots/restart-policy.js'
import { decideRestart, NO_RESTARTS } from '../../src/workloads/slots/restart-policy.js'
import { slotsByKeeping } from '../../src/workloads/slots/slot-order.js'
import { tasksToForget } from '../../src/workloads/slots/task-history.js'

interface ScaleDownCase {
  /** `running`: how many of its tasks run. */
  readonly slots: readonly { readonly slot: number; readonly node: string; readonly running: number }[]
  readonly replicas: number
  readonly expect: { readonly keep: readonly number[]; readonly remove: readonly number[] }
}

export function judgeSlotScaleDown(example: unknown): void {
  const { slots, replicas, expect: wanted } = example as ScaleDownCase
  const order = slotsByKeeping(
    slots.map(({ slot, node, running }) => ({
      slot,
      running: running > 0,
      ...(node === '' || running > 1 ? {} : { node }),
    })),
  ).map(({ slot }) => slot)
  expect({ keep: order.slice(0, replicas), remove: order.slice(replicas) }).toEqual(wanted)
}

interface RestartCase {
  readonly policy: RestartPolicy & { readonly job?: boolean }
  readonly trace: readonly { readonly state: string; readonly at: number }[]
  readonly expect: readonly string[]
}

export function judgeRestarts(example: unknown): void {
  const {
    policy: { job: isJob = false, ...policy },
    trace,
    expect: wanted,
  } = example as RestartCase
  let record = NO_RESTARTS
  const told = trace.map(({ state, at }) => {
    const decision = decideRestart(policy, record, { succeeded: state === 'complete', atMs: at, isJob })
    record = decision.record
    return decision.restartAtMs === undefined ? 'stop' : `restart@${decision.restartAtMs}`
  })
  expect(told).toEqual(wanted)
}

interface ReaperCase {
  readonly states: Readonly<Record<'RUNNING' | 'ASSIGNED', number>>
  readonly historyLimit: number
  readonly restartMaxAttempts: number
  readonly tasks: readonly {
    readonly id: string
    readonly state: number
    readonly desired: number
    readonly ts: number
  }[]
  readonly expectDeleted: readonly string[]
}

export function judgeReaper(example: unknown): void {
  const { states, historyLimit, restartMaxAttempts, tasks, expectDeleted } = example as ReaperCase
  const historic = tasks.map(({ id, state, desired, ts }) => ({
    id,
    timestampMs: ts,
    isPast: state > states.RUNNING || (state < states.ASSIGNED && desired > states.RUNNING),
  }))
  const forgotten = tasksToForget(historic, { limit: historyLimit, maxAttempts: restartMaxAttempts })
  expect(forgotten.map(({ id }) => id)).toEqual(expectDeleted)
}
