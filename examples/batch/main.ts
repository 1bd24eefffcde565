// Kubernetes Jobs as they are written, run as child processes: five completions two at a time, one job with indexes, one
// of which index 3 fails, and a CronJob. Midway every controller and every node agent stops; what runs goes on and ends
// unseen; new ones take over. Each completion must be counted once, and no index may run to success twice.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CronJob, isConditionTrue, isTaskFinished, JOB_NAME_ANNOTATION, Job, Task } from 'keelson/api'
import { isKeelsonError } from 'keelson/core'
import { waitUntil } from 'keelson/reconcile'
import { ManifestError } from '../manifests/manifest-error.js'
import { Cluster } from './cluster.js'
import { readBatch } from './manifest.js'

const DEADLINE_MS = 90_000
const AWAY_MS = 1_500

const file = process.argv[2] ?? resolve(import.meta.dirname, 'jobs.yaml')
const directory = mkdtempSync(join(tmpdir(), 'batch-'))
const startMs = Date.now()
const cluster = new Cluster(directory)
const { store } = cluster

try {
  const { jobs, cronJobs } = readBatch(file)
  tellEnds()
  for (const job of jobs) await store.create(Job, job)
  for (const cronJob of cronJobs) await store.create(CronJob, cronJob)
  await cluster.startControllers()
  await until(() => counted('sums') >= 1 && running('sums') > 0)
  await replaceControllers()
  await until(
    () =>
      store.list(Job).items.every(isOver) && cronJobs.every(({ metadata }) => hasRun(metadata.name ?? '')),
  )
  judge()
  console.log('\nok')
} catch (error) {
  console.error(error instanceof ManifestError || isKeelsonError(error) ? `error: ${error.message}` : error)
  process.exitCode = 1
} finally {
  await cluster.close()
  rmSync(directory, { recursive: true, force: true })
}

/** What runs goes on; what ends waits to be counted, also when it is deleted before a controller looks. */
async function replaceControllers(): Promise<void> {
  await stopDuringSums()
  say('every controller and every node agent stops')
  const [before, unseen, begun] = [counted('sums'), running('sums'), begunTasks('sums')]
  while (lines('sums').length < begun) {
    assert.ok(Date.now() - startMs < DEADLINE_MS, 'a task of sums ends while no controller runs')
    await new Promise(done => setTimeout(done, AWAY_MS))
  }
  const ended = store
    .list(Task)
    .items.filter(task => isTaskFinished(task) && task.metadata.finalizers.length > 0)
  for (const { metadata } of ended) await store.delete(Task, metadata)
  assert.equal(counted('sums'), before, 'nothing is counted while no controller runs')
  say(
    `${unseen} tasks of sums ended unseen, ${ended.length} are deleted before they are counted; new ones start`,
  )
  await cluster.startControllers()
}

/** The last running task may be reported while the agents stop: then they start, and stop during the next one. */
async function stopDuringSums(): Promise<void> {
  for (;;) {
    await cluster.stopControllers()
    if (running('sums') > 0) return
    await cluster.startControllers()
    await until(() => running('sums') > 0)
  }
}

function judge(): void {
  console.log('')
  for (const { metadata, status } of store.list(Job).items) {
    const { succeeded = 0, failed = 0, completedIndexes, conditions = [] } = status ?? {}
    const { type, reason } = conditions.at(-1) ?? {}
    const indexes = completedIndexes === undefined ? '' : `, indexes ${completedIndexes}`
    console.log(`${metadata.name}: ${type} (${reason}), ${succeeded} succeeded${indexes}, ${failed} failed`)
  }
  assert.deepEqual([lines('sums').length, counted('sums')], [5, 5], 'five tasks ran, and are counted')
  assert.deepEqual(lines('pages'), ['0', '1', '2', '3', '4', '5'], 'each index ran once')
  assert.equal(jobOf('pages')?.status?.completedIndexes, '0-5')
  assert.deepEqual(lines('shards'), ['0', '1', '2', '3', '3', '4'], 'index 3 ran twice, the others once')
  const { completedIndexes, failedIndexes, failed } = jobOf('shards')?.status ?? {}
  assert.deepEqual(
    [completedIndexes, failedIndexes, failed],
    ['0-2,4', '3', 2],
    'index 3 stopped at its limit',
  )
  const reports = lines('report')
  assert.equal(new Set(reports).size, reports.length, 'no time has two runs')
  assert.deepEqual(
    store.list(Task).items.filter(task => !isTaskFinished(task)),
    [],
    'nothing is left running',
  )
}

/** Prints how each task ends, as soon as the store knows. */
function tellEnds(): void {
  const told = new Set<string>()
  store.watch(Task).on(({ events }) => {
    for (const { object } of events) {
      const { uid, name, annotations } = object.metadata
      if (!isTaskFinished(object) || told.has(uid)) continue
      told.add(uid)
      say(`${annotations[JOB_NAME_ANNOTATION]}: ${name} ${object.status?.phase?.toLowerCase()}`)
    }
  })
}

function say(text: string): void {
  console.log(`${((Date.now() - startMs) / 1_000).toFixed(1).padStart(5)} s  ${text}`)
}

async function until(holds: () => boolean): Promise<void> {
  await waitUntil(store, [Job, CronJob, Task], holds, { timeoutMs: DEADLINE_MS - (Date.now() - startMs) })
}

function jobOf(name: string): Job | undefined {
  return store.get(Job, { namespace: 'default', name })
}

function counted(name: string): number {
  return jobOf(name)?.status?.succeeded ?? 0
}

/** Tasks of a job whose end is not reported. */
function running(name: string): number {
  return phases(name).filter(phase => phase === 'Running').length
}

/** Tasks of a job whose process was started: each writes its line, whether its end is reported or not. */
function begunTasks(name: string): number {
  return phases(name).filter(phase => phase !== 'Pending').length
}

function phases(name: string): string[] {
  return store
    .list(Task)
    .items.filter(({ metadata }) => metadata.annotations[JOB_NAME_ANNOTATION] === name)
    .map(({ status }) => status?.phase ?? 'Pending')
}

function isOver({ status }: Job): boolean {
  return ['Complete', 'Failed'].some(type => isConditionTrue(status?.conditions, type))
}

function hasRun(name: string): boolean {
  return store.get(CronJob, { namespace: 'default', name })?.status?.lastSuccessfulTime !== undefined
}

/** What the tasks of a job wrote, sorted. */
function lines(name: string): readonly string[] {
  const path = join(directory, `${name}.txt`)
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').sort() : []
}
