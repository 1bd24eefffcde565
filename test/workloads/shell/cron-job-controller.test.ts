import { beforeEach, describe, expect, test } from 'vitest'
import type { CronJobSpec } from '../../../src/api/index.js'
import {
  CronJob,
  Event,
  isJobFinished,
  Job,
  SCHEDULED_TIME_ANNOTATION,
  Task,
} from '../../../src/api/index.js'
import type { Env } from '../../../src/core/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createGarbageCollector, createManager } from '../../../src/reconcile/index.js'
import { createCronJobController, createJobController } from '../../../src/workloads/index.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import { withWallClock } from '../fixtures/wall-clock.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ref = { namespace: 'default', name: 'report' }
let world: World
let loop: Process

beforeEach(async () => {
  world = createWorld({ kinds: [CronJob, Event, Job, Task] })
  loop = await start('loops')
})

const start = async (name: string, env: Env = world.env): Promise<Process> => {
  const own = env.fork(name)
  const manager = createManager({ client: world.store.client(own) })
  manager.add(createCronJobController())
  await world.env.run(() => manager.start())
  return { manager, crash: () => own.close() }
}
const jobs = (): readonly Job[] => world.store.list(Job).items
const status = () => world.store.get(CronJob, ref)?.status
const times = (): readonly string[] =>
  jobs()
    .map(({ metadata }) => metadata.annotations[SCHEDULED_TIME_ANNOTATION] ?? '')
    .sort()
const reasons = (): readonly string[] => world.store.list(Event).items.map(({ spec }) => spec.reason)
const create = async (spec: Partial<CronJobSpec>): Promise<void> => {
  const jobTemplate = { spec: { template: { spec: { command: ['report'] } } } }
  await world.store.create(CronJob, { metadata: ref, spec: { schedule: '0 * * * *', jobTemplate, ...spec } })
  await world.env.settle()
}
const edit = async (spec: Partial<CronJobSpec>): Promise<void> => {
  await world.store.modify(CronJob, ref, draft => void Object.assign(draft.spec, spec))
  await world.env.settle()
}
const end = async (job: Job | undefined, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> => {
  const time = formatTime(world.env.clock.now())
  const condition = { type, status: 'True', reason: 'Test', message: '', lastTransitionTime: time } as const
  await world.store.modifyStatus(Job, job?.metadata ?? ref, draft => {
    const counts = { observedGeneration: 1, active: 0, ready: 0, terminating: 0, succeeded: 1, failed: 0 }
    draft.status = {
      ...counts,
      conditions: [condition],
      ...(type === 'Complete' ? { completionTime: time } : {}),
    }
  })
  await world.env.settle()
}
const hour = (number: number): string => formatTime(Date.UTC(2026, 0, 1) + number * HOUR_MS)

describe('the loop of cron jobs', () => {
  test('makes a job at each time, which tells the job and its tasks the time', async () => {
    await create({})
    expect(status()).toMatchObject({ active: [], nextScheduleTime: hour(1) })
    await world.env.advance(HOUR_MS)
    const [job] = jobs()
    expect(job?.metadata).toMatchObject({
      name: `report-${Date.UTC(2026, 0, 1, 1) / 60_000}`,
      ownerReferences: [{ kind: 'CronJob', name: 'report', controller: true }],
    })
    expect([times(), job?.spec.template.spec.env]).toEqual([
      [hour(1)],
      [{ name: 'SCHEDULED_TIME', value: hour(1) }],
    ])
    expect(status()).toMatchObject({ active: [job?.metadata.name], lastScheduleTime: hour(1) })
    await end(job)
    expect(status()).toMatchObject({ active: [], lastSuccessfulTime: hour(1) })
    await world.env.advance(HOUR_MS)
    expect(times()).toEqual([hour(1), hour(2)])
  })

  test('suspended for 15 days each minute: one run at resume, and how many were missed', async () => {
    await create({ schedule: '* * * * *', suspend: true })
    await world.env.advance(15 * DAY_MS)
    expect([jobs(), status()?.nextScheduleTime]).toEqual([[], undefined])
    await edit({ suspend: false })
    expect([times(), status()?.missed]).toEqual([[hour(15 * 24)], 21_600])
    await world.env.advance(60_000)
    expect([jobs().length, status()?.missed]).toEqual([2, undefined])
  })

  test('all with Forbid after three hours: three runs in order, each told its time', async () => {
    await create({ catchUp: 'all', concurrencyPolicy: 'Forbid' })
    loop.crash()
    await world.env.advance(3 * HOUR_MS)
    loop = await start('again')
    for (const so of [1, 2, 3]) {
      await world.env.settle()
      expect(times()).toEqual([1, 2, 3].slice(0, so).map(hour))
      expect(jobs().filter(job => !isJobFinished(job))).toHaveLength(1)
      await end(jobs().find(job => !isJobFinished(job)))
    }
    expect(jobs()).toHaveLength(3)
    expect(reasons()).toContain('JobAlreadyActive')
  })

  test('Replace ends the active job and its tasks before the next', async () => {
    await world.startProcess(
      'others',
      createJobController(),
      createGarbageCollector({ kinds: [CronJob, Job, Task] }),
    )
    await create({ concurrencyPolicy: 'Replace' })
    await world.env.advance(HOUR_MS)
    const [first] = world.store.list(Task).items
    await world.env.advance(HOUR_MS)
    await world.env.advance(60_000)
    expect(times()).toEqual([hour(2)])
    const left = world.store.list(Task).items
    expect([left.length, left[0]?.metadata.uid === first?.metadata.uid]).toEqual([1, false])
  })

  test('a run that comes after its deadline is skipped, and told', async () => {
    await create({ startingDeadlineSeconds: 60 })
    loop.crash()
    await world.env.advance(HOUR_MS + 60_001)
    loop = await start('again')
    await world.env.settle()
    expect([jobs(), status()?.handledTime, status()?.missed]).toEqual([[], hour(1), 1])
    expect(reasons()).toEqual(['MissSchedule'])
  })

  test('keeps three complete jobs and one that failed', async () => {
    await create({})
    for (let round = 0; round < 10; round += 1) {
      await world.env.advance(HOUR_MS)
      await end(
        jobs().find(job => !isJobFinished(job)),
        round % 2 === 0 ? 'Complete' : 'Failed',
      )
    }
    expect(times()).toEqual([5, 7, 9, 10].map(hour))
  })

  test('another schedule or zone begins when it is seen, and makes up for nothing', async () => {
    await create({ schedule: '0 18 * * *' })
    await world.env.advance(HOUR_MS * 4.5)
    await edit({ schedule: '0 2 * * *' })
    expect([jobs(), status()?.nextScheduleTime]).toEqual([[], hour(26)])
    await edit({ timeZone: 'Europe/Berlin' })
    expect([jobs(), status()?.nextScheduleTime]).toEqual([[], hour(25)])
  })

  test('a job of that name that somebody else made is left alone, and told', async () => {
    await create({})
    const name = `report-${Date.UTC(2026, 0, 1, 1) / 60_000}`
    await world.store.create(Job, { metadata: { ...ref, name }, spec: { template: { spec: {} } } })
    await world.env.advance(HOUR_MS)
    expect(jobs()).toHaveLength(1)
    expect(status()).toMatchObject({ active: [], conditions: [{ type: 'JobRefused', reason: 'NameTaken' }] })
    await world.env.advance(HOUR_MS)
    expect(jobs()).toHaveLength(2)
    expect(status()?.conditions).toEqual([])
  })

  test('a job that is refused is no run: it is tried again when the cron job changes', async () => {
    loop.crash()
    let isRefusing = true
    const refuse = {
      name: 'no jobs',
      phase: 'validate',
      handle: ({ object }: { readonly object: { readonly kind?: string } }) =>
        isRefusing && object.kind === 'Job'
          ? { problems: [{ field: 'spec', value: '', message: 'is refused' }] }
          : undefined,
    } as const
    world = createWorld({ kinds: [CronJob, Event, Job, Task], admission: [refuse] })
    loop = await start('loops')
    await create({ concurrencyPolicy: 'Forbid' })
    await world.env.advance(HOUR_MS * 1.5)
    expect(status()).toMatchObject({ active: [], conditions: [{ type: 'JobRefused', status: 'True' }] })
    isRefusing = false
    await edit({ successfulJobsHistoryLimit: 1 })
    expect([times(), status()?.conditions]).toEqual([[hour(1)], []])
  })

  test('the jitter delays the run, not what it is told; it is the same each day', async () => {
    await create({ jitterMs: 600_000 })
    const dueMs = Date.parse(status()?.nextScheduleTime ?? '')
    const delayMs = dueMs - Date.UTC(2026, 0, 1, 1)
    expect(delayMs).toBeGreaterThan(0)
    await world.env.advance(HOUR_MS + delayMs - 1)
    expect(jobs()).toEqual([])
    await world.env.advance(1)
    expect([times(), status()?.nextScheduleTime]).toEqual([[hour(1)], formatTime(dueMs + HOUR_MS)])
  })

  test('a wall clock that is put forward is seen within five minutes', async () => {
    loop.crash()
    let aheadMs = 0
    loop = await start(
      'skewed',
      withWallClock(world.env, ms => ms + aheadMs),
    )
    await create({})
    await world.env.advance(10 * 60_000)
    aheadMs = HOUR_MS
    await world.env.advance(300_000)
    expect(times()).toEqual([hour(1)])
  })

  test('writes nothing while nothing is due', async () => {
    await create({ schedule: '0 0 1 1 *' })
    const { revision } = world.store
    await world.env.advance(2 * DAY_MS)
    expect(world.store.revision).toBe(revision)
  })
})
