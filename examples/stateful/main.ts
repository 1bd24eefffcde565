// Three members of a database as child processes, each with a data directory of its own. They come up one after the
// other; a broken revision stops at the first member and is reverted by itself; a good one is rolled out from the top.
// Members are found by their names, over our DNS server. No member may lose data, and two of three answer all the time.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Cell, isConditionTrue, Revision, Service, StatefulSet, Task } from 'keelson/api'
import { isKeelsonError } from 'keelson/core'
import { waitUntil } from 'keelson/reconcile'
import { startCluster } from './cluster.js'

const DEADLINE_MS = 55_000
const MEMBERS = ['db-0', 'db-1', 'db-2']
const ZONE = 'db.default.svc.cluster.local'
const ref = { namespace: 'default', name: 'db' }
const labels = { app: 'db' }

interface Answer {
  readonly member: string
  readonly starts: readonly string[]
}

const directory = mkdtempSync(join(tmpdir(), 'stateful-'))
const startMs = Date.now()
const cluster = await startCluster(directory)
const { store, registry, dns } = cluster
let [least, isUp] = [MEMBERS.length, false]

try {
  await store.create(Service, {
    metadata: ref,
    spec: { mode: 'headless', selector: labels, ports: [{ name: 'sql', port: 5432, targetPort: 'sql' }] },
  })
  store.watch(Task).on(() => {
    if (isUp) least = Math.min(least, ready().length)
  })
  await store.create(StatefulSet, {
    metadata: ref,
    spec: {
      replicas: MEMBERS.length,
      selector: { matchLabels: labels },
      template: templateOf('v1'),
      onFailure: 'revert',
      progressDeadlineSeconds: 4,
    },
  })
  await until('v1 is rolled out', () => runs('v1'))
  isUp = true
  assert.deepEqual(await startsOf(), { 'db-0': ['v1'], 'db-1': ['v1'], 'db-2': ['v1'] })

  await roll('v2')
  await until('v2 never answers: db-2 goes back to v1', () => outcomeOf(2) === 'failed' && runs('v1'))
  assert.deepEqual(await startsOf(), { 'db-0': ['v1'], 'db-1': ['v1'], 'db-2': ['v1', 'v2', 'v1'] })

  await roll('v3')
  await until('v3 is rolled out, from the top', () => runs('v3'))
  assert.deepEqual(await startsOf(), {
    'db-0': ['v1', 'v3'],
    'db-1': ['v1', 'v3'],
    'db-2': ['v1', 'v2', 'v1', 'v3'],
  })
  await askNames()
  assert.equal(least, 2, 'two of three members answered all the time')
  const history = store
    .list(Revision)
    .items.map(({ spec, status }) => `${spec.number} ${spec.cause} ${status?.outcome}`)
  assert.deepEqual(history.sort(), [
    '1 update succeeded',
    '2 update failed',
    '3 revert succeeded',
    '4 update succeeded',
  ])
  console.log(
    `\nrevisions: ${history.join(', ')}; at least ${least} of ${MEMBERS.length} members answered\nok`,
  )
} catch (error) {
  console.error(isKeelsonError(error) ? `error: ${error.message}` : error)
  process.exitCode = 1
} finally {
  await cluster.close()
  rmSync(directory, { recursive: true, force: true })
}

function templateOf(version: string): StatefulSet['spec']['template'] {
  return {
    metadata: { labels },
    spec: {
      command: [process.execPath, resolve(import.meta.dirname, 'server.mjs')],
      env: [{ name: 'VERSION', value: version }],
      ports: [{ name: 'sql', containerPort: 5432 }],
      readinessProbe: { httpGet: { path: '/', port: 'sql' }, periodSeconds: 0.2 },
      terminationGracePeriodSeconds: 2,
    },
  }
}

async function roll(version: string): Promise<void> {
  await store.modify(StatefulSet, ref, draft => {
    draft.spec.template.spec.env = [{ name: 'VERSION', value: version }]
  })
}

function ready(): readonly Task[] {
  return store
    .list(Task)
    .items.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined && isConditionTrue(status?.conditions, 'Ready'),
    )
}

/** Every member runs that version, and is ready. */
function runs(version: string): boolean {
  const all = ready().filter(({ spec }) => spec.env?.some(({ value }) => value === version) === true)
  return all.length === MEMBERS.length && store.list(Cell).items.every(({ status }) => status?.available)
}

function outcomeOf(number: number): string | undefined {
  return store.list(Revision).items.find(({ spec }) => spec.number === number)?.status?.outcome
}

/** What each member remembers; asked at the port that DNS says. */
async function startsOf(): Promise<Readonly<Record<string, readonly string[]>>> {
  const { answers } = registry.resolve({ name: `_sql._tcp.${ZONE}`, type: 'SRV' })
  assert.equal(answers.length, MEMBERS.length)
  const told = await Promise.all(
    ready().map(async ({ status }) => {
      const port = status?.ports?.[0]?.hostPort
      return (await (await fetch(`http://${status?.address}:${port}/`)).json()) as Answer
    }),
  )
  return Object.fromEntries(told.map(({ member, starts }) => [member, starts]))
}

/** The same names, asked by `dig` where it is installed. */
async function askNames(): Promise<void> {
  const server = [`@${dns.address}`, '-p', `${dns.port}`, '+short']
  for (const name of MEMBERS) {
    const wanted = `${name}.${ZONE}`
    const answer = await promisify(execFile)('dig', [...server, wanted, 'A']).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      },
    )
    const told = answer?.stdout.trim() ?? 'dig is not installed'
    if (answer !== undefined) assert.equal(told, '127.0.0.1')
    say(`dig ${server.join(' ')} ${wanted} A: ${told}`)
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const left = DEADLINE_MS - (Date.now() - startMs)
  await waitUntil(store, [Cell, Revision, StatefulSet, Task], holds, { timeoutMs: left })
  await named()
  say(what)
}

/** Resolves when each member is known by its name: the registry hears of a change a moment after the store. */
async function named(): Promise<void> {
  const isKnown = (name: string): boolean =>
    registry.resolve({ name: `${name}.${ZONE}`, type: 'A' }).answers.length === 1
  while (!MEMBERS.every(isKnown)) {
    await new Promise<void>(changed => {
      const stop = registry.onChange(() => {
        stop()
        changed()
      })
    })
  }
}

function say(text: string): void {
  console.log(`${((Date.now() - startMs) / 1_000).toFixed(1).padStart(5)} s  ${text}`)
}
