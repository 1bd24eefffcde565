import { describe, expect, test } from 'vitest'
import type { ReplicaSetStatus } from '../../../src/api/index.js'
import { ReplicaSet, TEMPLATE_HASH_LABEL } from '../../../src/api/index.js'
import { tallyOf } from '../../../src/rollout/shell/replica-sets.js'
import { createStore } from '../../../src/store/index.js'
import { template } from '../fixtures/cluster.js'

const counts = {
  readyReplicas: 2,
  availableReplicas: 2,
  terminatingReplicas: 0,
  failedReplicas: 0,
  endedReplicas: 0,
}

/** A stored set of the given size and generation, with a status. */
async function setOf(replicas: number, generation: number, status?: ReplicaSetStatus): Promise<ReplicaSet> {
  const store = createStore({ kinds: [ReplicaSet] })
  const metadata = { namespace: 'default', name: 'web-x', labels: { [TEMPLATE_HASH_LABEL]: 'x' } }
  let set = await store.create(ReplicaSet, {
    metadata,
    spec: { replicas: generation > 1 ? 99 : replicas, selector: {}, template: template('v1') },
  })
  while (set.metadata.generation < generation) {
    set = await store.modify(ReplicaSet, metadata, draft => {
      draft.spec.replicas = replicas
    })
  }
  return { ...set, ...(status ? { status } : {}) }
}

describe('the tally of a set', () => {
  test('of which nothing is known yet is unobserved, unless it is empty', async () => {
    expect(tallyOf(await setOf(3, 1))).toEqual({ template: 'x', size: 3, available: 0, observed: false })
    expect(tallyOf(await setOf(0, 1))).toMatchObject({ size: 0, observed: true })
  })

  test('whose owner has not seen the last resize is unobserved', async () => {
    const status = { ...counts, observedGeneration: 1, replicas: 3 }
    expect(tallyOf(await setOf(3, 2, status)).observed).toBe(false)
    expect(tallyOf(await setOf(3, 2, { ...status, observedGeneration: 2 })).observed).toBe(true)
  })

  test('counts what is there beyond its size as stopping', async () => {
    const status = {
      ...counts,
      observedGeneration: 1,
      replicas: 5,
      terminatingReplicas: 1,
      failedReplicas: 1,
      endedReplicas: 4,
      failures: [{ uid: 'u', time: '1970-01-01T00:00:01.000Z', cause: 'exit' as const }],
      unreadySince: '1970-01-01T00:00:02.000Z',
    }
    expect(tallyOf(await setOf(3, 1, status))).toEqual({
      template: 'x',
      size: 3,
      available: 2,
      stopping: 3,
      observed: true,
      failed: 4,
      failures: [{ id: 'u', atMs: 1_000, cause: 'exit' }],
      unreadySinceMs: 2_000,
    })
  })
})
