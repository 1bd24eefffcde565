import { expect } from 'vitest'
import { planCellTask, planOrdinals } from '../../src/workloads/sets/index.js'
import { task } from '../workloads/fixtures/objects.js'

type PodState = 'pending' | 'running' | 'terminating' | 'failed'

interface StatefulCase {
  readonly rows: readonly {
    readonly input: {
      readonly replicas: number
      readonly policy?: 'Parallel'
      readonly pods: Readonly<Record<string, PodState>>
    }
    readonly expect: readonly string[]
  }[]
}

/** One pass: tasks that have ended go first, whichever cell they are in; then ordinals come and go. */
export function judgeStatefulSteps(example: unknown): void {
  for (const { input, expect: anchors } of (example as StatefulCase).rows) {
    const pods = Object.entries(input.pods).map(([key, state]) => ({ ordinal: Number(key), state }))
    const ended = pods.filter(({ state }) => state === 'failed').filter(({ ordinal }) => endedGoes(ordinal))
    const { create, remove, waitsFor } = planOrdinals(
      { replicas: input.replicas, start: 0, ordered: input.policy !== 'Parallel' },
      pods.map(({ ordinal, state }) => ({
        ordinal,
        state: state === 'running' ? 'available' : state === 'terminating' ? 'terminating' : 'pending',
      })),
    )
    const steps = [
      ...ended.map(({ ordinal }) => `delete ${ordinal}`),
      ...create.map(ordinal => `create ${ordinal}`),
      ...remove.map(ordinal => `delete ${ordinal}`),
      ...(waitsFor === undefined || ended.length > 0 ? [] : [`wait ${waitsFor}`]),
    ]
    expect(steps).toEqual(anchors)
  }
}

/** Whether the loop of cells deletes the ended task of that ordinal. */
function endedGoes(ordinal: number): boolean {
  const failed = task({ name: `web-${ordinal}`, phase: 'Failed' })
  const cell = { spec: { set: 'web', key: `${ordinal}`, revision: 'a' } }
  return planCellTask(cell, [failed], { baseMs: 0, maxMs: 0 }, 0).remove.length === 1
}
