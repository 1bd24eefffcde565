import { describe, expect, test } from 'vitest'
import { Cell, DaemonSet, Node, Revision, SlotSet, StatefulSet, Task } from '../../../src/api/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { createCellRolloutController } from '../../../src/rollout/index.js'
import type { Kind } from '../../../src/store/index.js'
import {
  createDaemonSetController,
  createSlotSetController,
  createStatefulSetController,
} from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'

const WANTED = 12
const burst = 5
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'Told',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00.000Z',
} as const
const labels = { app: 'web' }
const template = { metadata: { labels }, spec: { image: 'a' } }
const base = { selector: { matchLabels: labels }, template }

/** Each with what makes all of its cells superfluous. */
const sets: readonly (readonly [
  name: string,
  kind: Kind,
  open: () => readonly Controller[],
  spec: object,
  less: object,
])[] = [
  [
    'a stateful set',
    StatefulSet,
    () => [createCellRolloutController({ for: StatefulSet }), createStatefulSetController({ burst })],
    { ...base, replicas: WANTED, podManagementPolicy: 'Parallel' },
    { replicas: 0 },
  ],
  [
    'a daemon set',
    DaemonSet,
    () => [createCellRolloutController({ for: DaemonSet }), createDaemonSetController({ burst })],
    base,
    { template: { metadata: { labels }, spec: { image: 'a', nodeSelector: { disk: 'ssd' } } } },
  ],
  [
    'a slot set',
    SlotSet,
    () => [createCellRolloutController({ for: SlotSet }), createSlotSetController({ burst })],
    { ...base, replicas: WANTED },
    { replicas: 0 },
  ],
]

describe.each(sets)('%s', (_, kind, open, spec, less) => {
  test('makes and deletes at most a burst of cells in one transaction, and comes back for the rest', async () => {
    const { env, store, start } = createWorld({
      kinds: [Cell, DaemonSet, Node, Revision, SlotSet, StatefulSet, Task],
    })
    for (let at = 0; at < WANTED; at += 1) {
      const { metadata } = await store.create(Node, { metadata: { name: `n${at}` }, spec: {} })
      await store.modifyStatus(Node, metadata, draft => void (draft.status = { conditions: [READY] }))
    }
    let most = 0
    store.watch(Cell).on(({ events }) => {
      const isLeaving = ({ object }: (typeof events)[number]): boolean =>
        object.metadata.deletionTimestamp !== undefined
      most = Math.max(most, events.filter(event => event.type === 'ADDED' || isLeaving(event)).length)
    })
    await start(...open())
    await store.create(kind, { metadata: ref('web'), spec })
    await env.advance(1_000)
    expect([store.count(Cell), most]).toEqual([WANTED, burst])
    await store.modify(kind, ref('web'), draft => void Object.assign(draft.spec as object, less))
    await env.advance(1_000)
    const staying = store.list(Cell).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    expect([staying.length, most]).toEqual([0, burst])
  })
})
