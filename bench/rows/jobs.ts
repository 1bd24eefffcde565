import { Job, Task } from 'keelson/api'
import { createController, createManager } from 'keelson/reconcile'
import type { Client, Store, Transaction } from 'keelson/store'
import { createStore } from 'keelson/store'
import { createJobController } from 'keelson/workloads'
import { planJob } from 'keelson/workloads/jobs'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'
import { JOB_STAGES } from './job-stages.js'

const INDEXES = 100_000
const PARALLELISM = 100
const AT_ONCE = 10
/** Ended tasks that the loop keeps of a job. */
const KEPT = 5
/**
 * Garbage is collected when the engine does it, and counts. Asked for between the batches it would be worse than not
 * counted: with each full collection the engine throws away the code that it compiled for objects that are gone, and a
 * batch would be over before that code is there again.
 */
const COMPLETIONS = {
  batch: 200,
  operations: 6_000,
  warm: 10_000,
  budgetMs: 10_000,
  prepare: () => undefined,
  stages: JOB_STAGES,
} as const

/** An indexed job, its parts and all of it. */
export const jobRows: readonly Row[] = [
  {
    name: 'job-plan',
    title: `plan of an indexed job after one completion, ${PARALLELISM} at once, 500 ranges completed`,
    unit: 'ns',
    target: 200_000,
    sizes: [INDEXES],
    ours: plans,
  },
  {
    name: 'job-read',
    title: `what a pass reads: the job, and its ${PARALLELISM} tasks by their index`,
    unit: 'ns',
    sizes: [INDEXES],
    ours: reads,
  },
  {
    name: 'job-completion',
    title: `one completion of an indexed job, ${PARALLELISM} at once: reported, counted, replaced; store and loop included`,
    unit: 'ns',
    target: 200_000,
    sizes: [INDEXES],
    ours: size => completions(size, 1),
    floor: {
      title: 'its writes alone, by hand: the report, and a transaction of let go, forget, make, status',
      run: size => writes(size, 1),
      timesMax: 2,
    },
  },
  {
    name: 'job-loop',
    title:
      'a loop that does the same writes for one completion, and decides nothing; store and loop included',
    unit: 'ns',
    sizes: [INDEXES],
    ours: loopWrites,
  },
  {
    name: 'job-completions',
    title: `one of ${AT_ONCE} completions at once of an indexed job, otherwise the same`,
    unit: 'ns',
    target: 200_000,
    sizes: [INDEXES],
    ours: size => completions(size, AT_ONCE),
    floor: {
      title: `its writes alone, by hand: ${AT_ONCE} reports, and one transaction for them`,
      run: size => writes(size, AT_ONCE),
      timesMax: 2,
    },
  },
]

/** An indexed job whose first tasks are made. */
async function startJob(size: number) {
  const store = createStore({ kinds: [Job, Task] })
  const manager = createManager({ client: store, garbageCollection: 'elsewhere' })
  manager.add(createJobController())
  await manager.start()
  await store.create(Job, {
    metadata: { namespace: 'default', name: 'sums' },
    spec: {
      completionMode: 'Indexed',
      completions: size,
      parallelism: PARALLELISM,
      template: { spec: { command: ['sum'] } },
    },
  })
  await manager.settled()
  return { store, manager }
}

/** Half of the indexes have succeeded, with gaps; another one has now. */
async function plans(size: number): Promise<Measurement> {
  const { store, manager } = await startJob(size)
  const [job] = store.list(Job).items
  const tasks = store.list(Task).items
  const [first] = tasks
  if (job?.status === undefined || first === undefined) throw new Error('the job has no tasks')
  const completed = Array.from(
    { length: 500 },
    (_, at) => `${PARALLELISM + at * 100}-${PARALLELISM + at * 100 + 98}`,
  )
  const status = { ...job.status, succeeded: 500 * 99, completedIndexes: completed.join(',') }
  const ended: Task = { ...first, status: { phase: 'Succeeded' } }
  const limits = { burst: 500, historyLimit: 5 }
  const nowMs = Date.now()
  await manager.stop()
  return measure({
    batch: 100,
    operations: 100_000,
    prepare: () => undefined,
    run: (_, count) => {
      for (let plan = 0; plan < count; plan++)
        planJob({ ...job, status }, [ended, ...tasks.slice(1)], limits, nowMs)
    },
  })
}

/** Tasks end in the order of their names, but some that are passed over for a while. */
async function completions(size: number, atOnce: number): Promise<Measurement> {
  const { store, manager } = await startJob(size)
  let running: Task[] = []
  const measured = await measure({
    ...COMPLETIONS,
    run: async (_, count) => {
      for (let ended = 0; ended < count; ended += atOnce) {
        // Who reports knows its task: they are listed once for many reports, as by hand.
        if (running.length < PARALLELISM / 2)
          running = store.list(Task).items.filter(({ status }) => status?.phase === undefined)
        for (const task of running.splice(ended % 10, atOnce)) await reportEnd(store, task)
        await manager.settled()
      }
    },
  })
  await manager.stop()
  return measured
}

/** As by hand, in a loop that is woken by the reports, and that decides nothing. */
async function loopWrites(size: number): Promise<Measurement> {
  const { store, manager: first } = await startJob(size)
  await first.stop()
  const hand = byHand(store)
  const manager = createManager({ client: store, garbageCollection: 'elsewhere' })
  manager.add(
    createController({
      name: 'by-hand',
      for: Job,
      owns: [Task],
      ownChanges: 'ignore',
      reconcile: async (_ref, _job, { client }) => hand.write(client),
    }),
  )
  await manager.start()
  await manager.settled()
  const measured = await measure({
    ...COMPLETIONS,
    run: async (_, count) => {
      for (let ended = 0; ended < count; ended += 1) {
        await hand.report(1)
        await manager.settled()
      }
    },
  })
  await manager.stop()
  return measured
}

async function reads(size: number): Promise<Measurement> {
  const { store, manager } = await startJob(size)
  await manager.stop()
  const ref = { namespace: 'default', name: 'sums' }
  const index = { name: 'job', value: ref.name }
  return measure({
    batch: 1_000,
    operations: 20_000,
    warm: 5_000,
    prepare: () => undefined,
    run: (_, count) => {
      for (let look = 0; look < count; look++) {
        store.get(Job, ref)
        store.list(Task, { namespace: ref.namespace, index })
      }
    },
  })
}

/** What a completion cannot do without, for as many tasks as there are at once. */
async function writes(size: number, atOnce: number): Promise<Measurement> {
  const { store, manager } = await startJob(size)
  await manager.stop()
  const hand = byHand(store)
  return measure({
    ...COMPLETIONS,
    run: async (_, count) => {
      for (let ended = 0; ended < count; ended += atOnce) {
        await hand.report(atOnce)
        await hand.write(store)
      }
    },
  })
}

/** The writes of completions, in two parts: the reports, and what is to be written for those that were reported. */
function byHand(store: Store): {
  report(count: number): Promise<void>
  write(client: Pick<Client, 'transact'>): Promise<void>
} {
  const active = [...store.list(Task).items]
  const kept: Task[] = []
  const reported: Task[] = []
  let completed = 0
  const replace = (tx: Transaction, { metadata }: Task): void => {
    const task = tx.get(Task, metadata)
    if (task === undefined) throw new Error('no task is lost')
    const { labels, annotations, ownerReferences, finalizers } = task.metadata
    kept.push(tx.update(Task, { ...task, metadata: { ...task.metadata, finalizers: [] } }))
    const [oldest] = kept.length > KEPT ? kept.splice(0, 1) : []
    if (oldest !== undefined) tx.delete(Task, oldest.metadata)
    const made = {
      namespace: 'default',
      generateName: 'sums-',
      labels,
      annotations,
      ownerReferences,
      finalizers,
    }
    active.push(tx.create(Task, { metadata: made, spec: task.spec }))
    completed += 1
  }
  return {
    report: async count => {
      const tasks = active.splice(0, count)
      reported.push(...tasks)
      for (const task of tasks) await reportEnd(store, task)
    },
    write: async client => {
      const tasks = reported.splice(0)
      if (tasks.length === 0) return
      await client.transact(tx => {
        for (const task of tasks) replace(tx, task)
        const [job] = tx.list(Job).items
        if (job?.status === undefined) throw new Error('no job is lost')
        const status = { ...job.status, succeeded: completed, completedIndexes: `0-${completed}` }
        tx.updateStatus(Job, { ...job, status })
      })
    },
  }
}

async function reportEnd(store: Store, task: Task): Promise<void> {
  await store.modifyStatus(Task, task.metadata, draft => void (draft.status = { phase: 'Succeeded' }))
}
