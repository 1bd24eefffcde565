import { describe, expect, test } from 'vitest'
import type { RolledOut, RolloutPhase } from '../../src/rollout/index.js'
import { describeRollout, rolloutStatus } from '../../src/rollout/index.js'

interface Facts {
  readonly phase?: RolloutPhase
  readonly failed?: 'own' | 'reverted'
  readonly observedGeneration?: number
  readonly updatedReplicas?: number
  readonly replicas?: number
  readonly availableReplicas?: number
}

function deployment({ phase = 'progressing', failed, ...counts }: Facts): RolledOut {
  const failure = { cause: 'deadline' as const, entry: failed === 'own' ? 4 : 3, template: 'x', atMs: 0 }
  const state = { entry: 4, phase, ...(failed ? { failure } : {}) }
  return {
    metadata: { generation: 2 },
    spec: { replicas: 3 },
    status: {
      observedGeneration: 2,
      revision: 4,
      updatedReplicas: 3,
      replicas: 3,
      availableReplicas: 3,
      ...counts,
      rollout: { state, blockers: [] },
    },
  }
}

describe('the ladder of a rollout', () => {
  test.each<[Facts, string, string]>([
    [{ observedGeneration: 1 }, 'unobserved', 'waiting for the new spec to be observed'],
    [
      { failed: 'own', phase: 'paused' },
      'failed',
      'revision 4 failed: it made no progress before its deadline',
    ],
    [{ phase: 'paused', updatedReplicas: 1 }, 'paused', 'revision 4: 1 of 3 updated'],
    [{ updatedReplicas: 2 }, 'updating', 'revision 4: 2 of 3 updated'],
    [{ replicas: 5 }, 'terminating', 'revision 4: 2 old tasks still to go'],
    [{ availableReplicas: 1 }, 'waiting', 'revision 4: 1 of 3 available'],
    // Everything is there, but the controller has not said so yet.
    [{}, 'waiting', 'revision 4: 3 of 3 available'],
    [{ phase: 'succeeded' }, 'done', 'revision 4: 3 available'],
    [{ phase: 'succeeded', availableReplicas: 2 }, 'waiting', 'revision 4: 2 of 3 available'],
    [
      { phase: 'reverted', failed: 'reverted' },
      'done',
      'revision 4: 3 available, after revision 3 failed and was reverted',
    ],
  ])('%j is %s', (facts, rung, text) => {
    expect(rolloutStatus(deployment(facts)).rung).toBe(rung)
    expect(rolloutStatus(deployment(facts)).done).toBe(rung === 'done')
    expect(describeRollout(deployment(facts))).toBe(text)
  })

  test('starts before the controller has seen anything', () => {
    expect(rolloutStatus({ metadata: { generation: 1 }, spec: { replicas: 3 } })).toMatchObject({
      rung: 'unobserved',
      entry: undefined,
      blockers: [],
    })
  })
})
