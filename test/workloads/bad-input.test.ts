import { describe, expect, test } from 'vitest'
import {
  Cell,
  CronJob,
  DaemonSet,
  Deployment,
  Event,
  Job,
  Node,
  ReplicaSet,
  Revision,
  SlotSet,
  StatefulSet,
  Task,
} from '../../src/api/index.js'
import { createCellRolloutController } from '../../src/rollout/index.js'
import type { Kind } from '../../src/store/index.js'
import {
  createCellController,
  createJobController,
  createReplicaController,
  createSlotSetController,
} from '../../src/workloads/index.js'
import { planJob } from '../../src/workloads/jobs/index.js'
import { ref } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { indexesOf, JobPlay } from './fixtures/job-play.js'
import { createSetWorld } from './sets/set-world.js'

const labels = { app: 'web' }
const template = { metadata: { labels }, spec: { image: 'a' } }
const set = { selector: { matchLabels: labels }, template }
const kinds = [
  Cell,
  CronJob,
  DaemonSet,
  Deployment,
  Event,
  Job,
  Node,
  ReplicaSet,
  Revision,
  SlotSet,
  StatefulSet,
  Task,
]

/** What each object says of itself that cannot be, and the field that the error names. */
const REFUSED: readonly (readonly [what: string, kind: Kind, spec: object, field: string])[] = [
  ['negative replicas', ReplicaSet, { ...set, replicas: -1 }, 'spec.replicas'],
  ['half a replica', ReplicaSet, { ...set, replicas: 1.5 }, 'spec.replicas'],
  ['replicas beyond the limit', ReplicaSet, { ...set, replicas: 100_001 }, 'spec.replicas'],
  ['replicas that are no number', ReplicaSet, { ...set, replicas: 1e300 }, 'spec.replicas'],
  ['negative replicas of a deployment', Deployment, { ...set, replicas: -1 }, 'spec.replicas'],
  ['replicas of a deployment beyond the limit', Deployment, { ...set, replicas: 100_001 }, 'spec.replicas'],
  ['negative replicas of a stateful set', StatefulSet, { ...set, replicas: -1 }, 'spec.replicas'],
  [
    'replicas of a stateful set beyond the limit',
    StatefulSet,
    { ...set, replicas: 100_001 },
    'spec.replicas',
  ],
  ['replicas of a slot set beyond the limit', SlotSet, { ...set, replicas: 100_001 }, 'spec.replicas'],
  [
    'attempts beyond the limit',
    SlotSet,
    { ...set, restartPolicy: { maxAttempts: 101 } },
    'spec.restartPolicy.maxAttempts',
  ],
  ['a history beyond the limit', SlotSet, { ...set, taskHistoryLimit: 101 }, 'spec.taskHistoryLimit'],
  [
    'indexes beyond the limit',
    Job,
    { template, completionMode: 'Indexed', completions: 100_001 },
    'spec.completions',
  ],
  ['more uncounted tasks than the limit', Job, { template, parallelism: 10_001 }, 'spec.parallelism'],
  [
    'indexes that are named twice',
    Job,
    {
      template,
      completionMode: 'Indexed',
      completions: 5,
      successPolicy: { rules: [{ succeededIndexes: '1,1-3' }] },
    },
    'spec.successPolicy.rules[0].succeededIndexes',
  ],
  [
    'a schedule that never fires',
    CronJob,
    { schedule: '0 0 30 2 *', jobTemplate: { spec: { template } } },
    'spec.schedule',
  ],
  [
    'a zone that does not exist',
    CronJob,
    { schedule: '@daily', timeZone: 'Mars/Olympus', jobTemplate: { spec: { template } } },
    'spec.timeZone',
  ],
]

describe('is refused with its field, and nothing is written:', () => {
  test.each(REFUSED)('%s', async (_, kind, spec, field) => {
    const { store } = createWorld({ kinds })
    const error: unknown = await store
      .create(kind, { metadata: ref('x'), spec })
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'Invalid' })
    const { details } = error as { details: { problems: readonly { field: string }[] } }
    expect(details.problems.map(problem => problem.field)).toContain(field)
    expect([store.revision, store.count(kind)]).toEqual([0, 0])
  })
})

test('of two tasks of one index the younger goes, whoever made it', () => {
  const play = new JobPlay({ completionMode: 'Indexed', completions: 3, parallelism: 3 })
  play.settle()
  const [first] = play.tasks
  if (first === undefined) throw new Error('no task')
  const double = {
    ...first,
    metadata: { ...first.metadata, uid: 'zz', name: 'zz', creationTimestamp: '2030-01-01T00:00:00.000Z' },
  }
  play.tasks.push(double)
  play.settle()
  expect(indexesOf(play.active)).toEqual([0, 1, 2])
  expect(play.tasks).not.toContain(double)
})

/** Indexes of a status that somebody has written by hand. */
test.each(['3-1', '1,1', '5,3', 'x', '-1', '1-'])('completed indexes %s are no reason to guess', text => {
  const play = new JobPlay({ completionMode: 'Indexed', completions: 9 })
  play.settle()
  const known = play.status
  if (known === undefined) throw new Error('no status')
  const status = {
    ...known,
    completedIndexes: text,
  }
  expect(() => planJob({ ...play.job, status }, [], { burst: 500, historyLimit: 5 }, 0)).toThrow(
    /must be an index/,
  )
})

describe('a template that no task can be made of', () => {
  const impossible = { metadata: { labels }, spec: { image: 'refused' } }
  const admission = [
    {
      name: 'images',
      phase: 'validate' as const,
      handle: ({ object }: { readonly object: { readonly kind?: string } }) =>
        object.kind === 'Task'
          ? { problems: [{ field: 'spec.image', value: 'refused', message: 'is not allowed' }] }
          : undefined,
    },
  ]

  test.each<[string, Kind, object]>([
    ['replica set', ReplicaSet, { ...set, replicas: 3, template: impossible }],
    ['job', Job, { template: impossible }],
    ['slot set', SlotSet, { ...set, template: impossible }],
  ])('of a %s is told by an event, and nothing loops', async (_, kind, spec) => {
    const world = createWorld({ kinds, admission })
    await world.start(
      createReplicaController(),
      createJobController(),
      createSlotSetController(),
      createCellRolloutController({ for: SlotSet }),
      createCellController(),
    )
    await world.store.create(kind, { metadata: ref('web'), spec })
    // A rollout has its deadline within this time.
    await world.env.advance(1_200_000)
    const { revision } = world.store
    await world.env.advance(3_600_000)
    expect([world.store.revision, world.store.count(Task)]).toEqual([revision, 0])
    const told = world.store.list(Event).items.filter(({ spec: { reason } }) => reason === 'FailedCreate')
    expect(told[0]?.spec.note).toContain('is not allowed')
  })
})

describe('of two cells that claim the same the younger goes, and its task is never made:', () => {
  test.each([
    ['an ordinal of a stateful set', 'stateful'],
    ['a slot', 'slots'],
    ['a node of a daemon', 'daemon'],
  ] as const)('%s', async (_, make) => {
    const world = await createSetWorld()
    for (const name of ['n1', 'n2']) await world.node(name)
    await world[make](make === 'daemon' ? {} : { replicas: 2 })
    await world.after(10_000)
    const [before, [cell]] = [world.tasks(), world.store.list(Cell).items]
    if (cell === undefined) throw new Error('no cell')
    const { labels: own, ownerReferences, finalizers } = cell.metadata
    const twin = { ...ref('twin'), labels: own, ownerReferences, finalizers }
    await world.store.create(Cell, { metadata: twin, spec: cell.spec })
    await world.after(10_000)
    expect(world.store.list(Cell).items.map(({ metadata }) => metadata.name)).not.toContain('twin')
    expect([world.tasks(), world.store.count(Cell)]).toEqual([before, 2])
    const { revision } = world.store
    await world.after(600_000)
    expect(world.store.revision).toBe(revision)
  })
})
