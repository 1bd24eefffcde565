import { describe, expect, test } from 'vitest'
import type { CronJobSpec, JobSpec } from '../../src/api/index.js'
import { CronJob, Job } from '../../src/api/index.js'
import { isKeelsonError } from '../../src/core/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'

const metadata = { namespace: 'default', name: 'a' }
const template = { spec: { command: ['work'] } }
const indexed = { template, completions: 3, completionMode: 'Indexed' } as const

/** `field message`, or `accepted`. */
async function answer(write: (store: Store) => Promise<unknown>): Promise<readonly string[]> {
  const store = createStore({ kinds: [CronJob, Job] })
  try {
    await write(store)
    return ['accepted']
  } catch (error) {
    if (!isKeelsonError(error, 'Invalid')) throw error
    return error.details.problems.map(({ field, message }) => `${field} ${message}`)
  }
}

const created = (spec: unknown) => answer(store => store.create(Job, { metadata, spec: spec as JobSpec }))
const scheduled = (spec: unknown) =>
  answer(store =>
    store.create(CronJob, {
      metadata,
      spec: { schedule: '@daily', jobTemplate: { spec: { template } }, ...(spec as Partial<CronJobSpec>) },
    }),
  )
const changed = (before: JobSpec, after: JobSpec) =>
  answer(async store => {
    await store.create(Job, { metadata, spec: before })
    await store.modify(Job, metadata, draft => void Object.assign(draft.spec, after))
  })

describe('a job is refused that', () => {
  test.each<[string, unknown, RegExp]>([
    ['has a negative number of tasks', { template, parallelism: -1 }, /^spec.parallelism .*>= 0/],
    ['has more tasks than can be counted', { template, parallelism: 10_001 }, /^spec.parallelism .*<= 10000/],
    ['has no template', { completions: 1 }, /^spec must have required property .template/],
    [
      'has a template no task can be made of',
      { template: { spec: { resources: { requests: { cpu: 'much' } } } } },
      /^spec.template.spec.resources.requests.cpu /,
    ],
    ['names its tasks', { template: { spec: { hostname: 'a' } } }, /^spec.template.spec.hostname is made of/],
    ['is indexed without end', { template, completionMode: 'Indexed' }, /^spec.completions must be given/],
    [
      'has more indexes than ranges can tell',
      { ...indexed, completions: 100_001 },
      /^spec.completions .*100000/,
    ],
    [
      'limits failures of indexes that it has not',
      { template, backoffLimitPerIndex: 1 },
      /^spec.backoffLimitPerIndex is about indexes/,
    ],
    [
      'limits failed indexes, and none fails',
      { ...indexed, maxFailedIndexes: 1 },
      /^spec.maxFailedIndexes has no meaning/,
    ],
    [
      'takes 0 for a failure',
      {
        template,
        podFailurePolicy: { rules: [{ action: 'Count', onExitCodes: { operator: 'In', values: [0] } }] },
      },
      /rules\[0\].onExitCodes.values must not hold 0/,
    ],
    [
      'has a failure rule for nothing',
      { template, podFailurePolicy: { rules: [{ action: 'Count' }] } },
      /rules\[0\] must have either/,
    ],
    [
      'fails an index, and none has a limit',
      {
        ...indexed,
        podFailurePolicy: { rules: [{ action: 'FailIndex', onPodConditions: [{ type: 'Ready' }] }] },
      },
      /rules\[0\].action FailIndex has no meaning/,
    ],
    [
      'succeeds by indexes that it has not',
      { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0,3' }] } },
      /rules\[0\].succeededIndexes "3" must be an index below 3/,
    ],
    [
      'never succeeds',
      { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0,2', succeededCount: 3 }] } },
      /rules\[0\].succeededCount must be at most 2/,
    ],
    [
      'has a rule of success that says nothing',
      { ...indexed, successPolicy: { rules: [{}] } },
      /rules\[0\] must have succeededIndexes/,
    ],
  ])('%s', async (_, spec, told) => {
    expect(await created(spec)).toEqual([expect.stringMatching(told)])
  })

  test('counts by something else than before', async () => {
    expect(await changed(indexed, { ...indexed, completions: 4 })).toEqual([
      expect.stringMatching(/^spec.completions is immutable/),
    ])
    const elastic = { ...indexed, parallelism: 3 }
    expect(await changed(elastic, { ...elastic, completions: 5, parallelism: 5 })).toEqual(['accepted'])
    expect(await changed(elastic, { ...elastic, completions: 5, parallelism: 4 })).toEqual([
      expect.stringMatching(/^spec.completions is immutable, unless spec.parallelism is the same number/),
    ])
    expect(await changed({ template, completions: 2 }, { template, completions: 3, parallelism: 3 })).toEqual(
      [expect.stringMatching(/^spec.completions is immutable, since/)],
    )
    expect(await changed({ template }, { template: { spec: { command: ['other'] } } })).toEqual([
      expect.stringMatching(/^spec.template changes only while/),
    ])
    expect(
      await changed(
        { template, suspend: true },
        { template: { spec: { command: ['other'] } }, suspend: false },
      ),
    ).toEqual(['accepted'])
    expect(await changed({ template }, { template, parallelism: 7, backoffLimit: 1 })).toEqual(['accepted'])
  })
})

describe('the size of an elastic job', () => {
  const resized = (type: string | undefined, size: number) =>
    answer(async store => {
      await store.create(Job, { metadata, spec: { ...indexed, parallelism: 3 } })
      const lastTransitionTime = '2030-01-01T00:00:00.000Z'
      const conditions =
        type === undefined
          ? []
          : [{ type, status: 'True' as const, reason: 'Test', message: '', lastTransitionTime }]
      const counts = { active: 0, ready: 0, terminating: 0, succeeded: 0, failed: 0 }
      await store.modifyStatus(
        Job,
        metadata,
        draft => void (draft.status = { observedGeneration: 1, ...counts, conditions }),
      )
      await store.modify(
        Job,
        metadata,
        draft => void Object.assign(draft.spec, { completions: size, parallelism: size, backoffLimit: 1 }),
      )
    })

  test.each(['SuccessCriteriaMet', 'FailureTarget', 'Complete', 'Failed'])(
    'does not change once it is %s; the rest of it may',
    async type => {
      for (const size of [5, 2])
        expect(await resized(type, size)).toEqual([
          expect.stringMatching(`^spec.completions does not change once the job is ${type}: no index begins`),
        ])
      expect(await resized(type, 3)).toEqual(['accepted'])
    },
  )

  test.each([undefined, 'Suspended'])('changes while it is to run (%s)', async type => {
    expect([await resized(type, 5), await resized(type, 2)]).toEqual([['accepted'], ['accepted']])
  })
})

describe('a schedule is refused that', () => {
  test.each<[string, unknown, RegExp]>([
    ['never fires', { schedule: '0 0 30 2 *' }, /^spec.schedule never fires/],
    ['cannot be read', { schedule: '61 * * * *' }, /^spec.schedule minute must be from 0 to 59/],
    ['is in no zone', { schedule: '@daily', timeZone: 'Europe/Atlantis' }, /^spec.timeZone must be the name/],
    [
      'makes jobs that are refused',
      { schedule: '@daily', jobTemplate: { spec: { template, maxFailedIndexes: 1 } } },
      /^spec.jobTemplate.spec.maxFailedIndexes /,
    ],
  ])('%s', async (_, spec, told) => {
    expect(await scheduled(spec)).toEqual([expect.stringMatching(told)])
  })
})

test('what is right is accepted', async () => {
  expect(
    await scheduled({ schedule: 'H 2 * * mon-fri', timeZone: 'Europe/Berlin', jitterMs: 60_000 }),
  ).toEqual(['accepted'])
  expect(
    await created({
      ...indexed,
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 1,
      successPolicy: { rules: [{ succeededIndexes: '0,2', succeededCount: 1 }] },
      podFailurePolicy: {
        rules: [
          { action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [1, 2] } },
          { action: 'Ignore', onPodConditions: [{ type: 'Disrupted' }] },
        ],
      },
    }),
  ).toEqual(['accepted'])
})
