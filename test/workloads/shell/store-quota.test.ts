import { describe, expect, test } from 'vitest'
import {
  Cell,
  CronJob,
  Event,
  isConditionTrue,
  isTaskActive,
  Job,
  Node,
  ReplicaSet,
  Revision,
  SlotSet,
  Task,
} from '../../../src/api/index.js'
import { createCellRolloutController } from '../../../src/rollout/index.js'
import type { Kind, StoreAdmissionHook } from '../../../src/store/index.js'
import {
  createCellController,
  createCronJobController,
  createJobController,
  createReplicaController,
  createSlotSetController,
} from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

const kinds = [Cell, CronJob, Event, Job, Node, ReplicaSet, Revision, SlotSet, Task]
const labels = { app: 'web' }
const template = { metadata: { labels }, spec: { image: 'a' } }
const set = { selector: { matchLabels: labels }, template }

const active = ({ store }: World): readonly Task[] => store.list(Task).items.filter(isTaskActive)
const told = ({ store }: World): readonly string[] =>
  store.list(Event).items.flatMap(({ spec }) => (spec.reason === 'FailedCreate' ? [spec.note] : []))

/** So many tasks of somebody else use up the quota. */
async function fill({ store }: World, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await store.create(Task, { metadata: ref(`other-${at}`), spec: {} })
}

async function empty({ store }: World, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await store.delete(Task, ref(`other-${at}`))
}

describe('a quota of the store that has not room for all', () => {
  test('a job makes as many tasks as there is room for, counts its ends, and makes the rest when there is', async () => {
    const world = createWorld({ kinds, quotas: [{ kind: Task, objectsMax: 5 }] })
    await fill(world, 3)
    await world.start(createJobController({ historyLimit: 0 }))
    await world.store.create(Job, {
      metadata: ref('sums'),
      spec: { template, completions: 4, parallelism: 4 },
    })
    await world.env.advance(1_000)
    const status = () => world.store.get(Job, ref('sums'))?.status
    expect([active(world).length, status()?.active]).toEqual([5, 2])
    expect(told(world)[0]).toContain('the quota for objects of Task in the store is 5')
    // The others stay; only the ends of its own tasks make room.
    for (const { metadata } of active(world).filter(({ metadata: { name } }) => name.startsWith('sums')))
      await world.store.modifyStatus(Task, metadata, draft => void (draft.status = { phase: 'Succeeded' }))
    await world.env.advance(1_000)
    expect(status()).toMatchObject({ succeeded: 2, active: 2 })
    await empty(world, 3)
    await world.env.advance(10_000)
    for (const { metadata } of active(world))
      await world.store.modifyStatus(Task, metadata, draft => void (draft.status = { phase: 'Succeeded' }))
    await world.env.advance(1_000)
    expect(isConditionTrue(status()?.conditions, 'Complete')).toBe(true)
  })

  test('a job whose room others take counts its ends, and does not fail for it', async () => {
    const world = createWorld({ kinds, quotas: [{ kind: Task, objectsMax: 2 }] })
    await world.start(createJobController())
    await world.store.create(Job, {
      metadata: ref('sums'),
      spec: { template, completions: 3, parallelism: 2 },
    })
    await world.env.advance(1_000)
    const [first] = active(world)
    if (first === undefined) throw new Error('two tasks are made')
    // It is kept to look at, and uses its room.
    await world.store.modifyStatus(
      Task,
      first.metadata,
      draft => void (draft.status = { phase: 'Succeeded' }),
    )
    await world.env.advance(30_000)
    const job = world.store.get(Job, ref('sums'))
    expect(job?.status).toMatchObject({ succeeded: 1, active: 1, failed: 0 })
    await world.store.delete(Task, first.metadata)
    await world.env.advance(10_000)
    expect(world.store.get(Job, ref('sums'))?.status).toMatchObject({ succeeded: 1, active: 2 })
  })

  test('a replica set has as many as there is room for, and the rest later', async () => {
    const world = createWorld({ kinds, quotas: [{ kind: Task, objectsMax: 5 }] })
    await fill(world, 3)
    await world.start(createReplicaController())
    await world.store.create(ReplicaSet, { metadata: ref('web'), spec: { ...set, replicas: 4 } })
    await world.env.advance(1_000)
    const replicas = () => world.store.get(ReplicaSet, ref('web'))?.status?.replicas
    expect([replicas(), told(world)[0]]).toEqual([
      2,
      expect.stringContaining('the quota for objects of Task'),
    ])
    await empty(world, 3)
    await world.env.advance(10_000)
    expect(replicas()).toBe(4)
  })

  test('a cell without a task says why, and gets it when there is room', async () => {
    const world = createWorld({ kinds, quotas: [{ kind: Task, objectsMax: 1 }] })
    await fill(world, 1)
    await world.start(
      createSlotSetController(),
      createCellRolloutController({ for: SlotSet }),
      createCellController(),
    )
    await world.store.create(SlotSet, { metadata: ref('web'), spec: { ...set, replicas: 1 } })
    await world.env.advance(30_000)
    const [cell] = world.store.list(Cell).items
    expect(cell?.status?.message).toContain('the quota for objects of Task')
    await empty(world, 1)
    await world.env.advance(10_000)
    expect(active(world)).toHaveLength(1)
  })

  test('a run of a cron job waits for room and is not lost', async () => {
    const world = createWorld({ kinds, quotas: [{ kind: Job, objectsMax: 1 }] })
    await world.store.create(Job, { metadata: ref('other'), spec: { template } })
    await world.start(createCronJobController())
    await world.store.create(CronJob, {
      metadata: ref('nightly'),
      spec: { schedule: '0 * * * *', jobTemplate: { spec: { template } } },
    })
    await world.env.advance(3_600_000)
    const conditions = () => world.store.get(CronJob, ref('nightly'))?.status?.conditions ?? []
    expect(conditions()).toMatchObject([{ type: 'JobRefused', reason: 'QuotaExceeded' }])
    await world.store.delete(Job, ref('other'))
    await world.env.advance(10_000)
    expect([world.store.count(Job), conditions()]).toEqual([1, []])
  })
})

describe('an admission hook that forbids more, as a quota does', () => {
  const REFUSAL = 'the budget of the team is used up'

  test.each<[string, Kind, object, Kind]>([
    ['a replica set', ReplicaSet, { ...set, replicas: 2 }, Task],
    ['a job', Job, { template, parallelism: 2, completions: 2 }, Task],
    ['the cells of a slot set', SlotSet, { ...set, replicas: 2 }, Task],
    ['a cron job', CronJob, { schedule: '0 * * * *', jobTemplate: { spec: { template } } }, Job],
  ])('holds up %s, which says so, asks each 10 s, and goes on when it may', async (_, kind, spec, made) => {
    let [asked, isOpen] = [0, false]
    const hook: StoreAdmissionHook = {
      name: 'budget',
      phase: 'validate',
      operations: ['create'],
      kinds: [made],
      handle() {
        asked += 1
        return isOpen ? undefined : { forbidden: REFUSAL }
      },
    }
    const world = createWorld({ kinds, admission: [hook] })
    const { env, store } = world
    await world.start(
      createReplicaController(),
      createJobController(),
      createCronJobController(),
      createSlotSetController(),
      createCellRolloutController({ for: SlotSet }),
      createCellController(),
    )
    await store.create(kind, { metadata: ref('web'), spec })
    // Until the schedule fires.
    if (kind === CronJob) await env.advance(3_600_000 - (env.clock.now() % 3_600_000))
    await env.advance(5_000)
    asked = 0
    await env.advance(60_000)
    // Each of two cells asks for itself.
    expect([asked, store.count(made)]).toEqual([kind === SlotSet ? 12 : 6, 0])
    expect(told(world)[0]).toContain(REFUSAL)
    isOpen = true
    await env.advance(10_000)
    expect(store.count(made)).toBe(made === Task ? 2 : 1)
  })
})
