import { fdatasync, openSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Stage } from '../frame/profile.js'
import { makePod, podRef } from '../objects/pod.js'
import { concurrentWriters } from './concurrent-writers.js'

/** Where the time of an update goes that is on the disk before it is acknowledged. */
export const DURABLE_STAGES: readonly Stage[] = [
  { name: 'disk: the calls that write and sync', frames: /store\/node\/file-disk\.ts/ },
  { name: 'log: what has changed', frames: /store\/json\/json-delta\.ts/ },
  { name: 'log: its text', frames: /store\/node\/journal-entry\.ts/ },
  {
    name: 'log: bytes, checksums, frames',
    frames: /store\/node\/(entry-buffer|frame|log-writer|frame-cipher)/,
  },
  { name: 'log: who waits for what', frames: /store\/node\/journal\.ts/ },
  { name: 'update: the recipe', frames: /immer/ },
  { name: 'update: exact copy, frozen', frames: /store\/json\/json-border\.ts/ },
  { name: 'update: commit, tables, indexes, log', frames: /store\/engine\// },
  { name: 'update: checks, metadata', frames: /store\/(write|kind|object|admission|client|json)\// },
]

/**
 * Each writer has one write under way.
 *
 * @param turns how many writes of each writer are one sample; few where each may wait for a disk of its own
 */
export function measureWriters(
  writers: number,
  put: (index: number) => Promise<unknown>,
  turns: number = writers === 1 ? 50 : 10,
): Promise<Measurement> {
  const perBatch = writers * turns
  return measure({
    batch: perBatch,
    operations: perBatch * 200,
    budgetMs: 1_500,
    warm: turns === 1 ? perBatch : perBatch * 3,
    stages: DURABLE_STAGES,
    prepare: () => undefined,
    run: concurrentWriters(writers, put),
  })
}

/** Who waits for a disk is compared by how long it takes, not by the processor time that is spent meanwhile. */
export function byWallTime({ samples, mean }: Measurement): Measurement {
  return { samples, mean }
}

/** What an update of the rows has in the log, about. */
const UPDATE_BYTES = 210
/** Written ahead, over and over. */
const ROOM_BYTES = 4 << 20

/** What the disk can do: as many bytes as the updates of a group of writers have, over space that is there, then a sync. */
export async function bareSyncs(dir: string, writers: number): Promise<Measurement> {
  const fd = openSync(join(dir, 'bare'), 'w')
  const [writeTo, sync] = [promisify(write), promisify(fdatasync)]
  const bytes = Buffer.alloc(UPDATE_BYTES * writers, 65)
  await writeTo(fd, Buffer.alloc(ROOM_BYTES), 0, ROOM_BYTES, 0)
  await sync(fd)
  let position = 0
  const measured = await measure({
    batch: writers,
    operations: writers * 5_000,
    budgetMs: 1_000,
    warm: writers * 20,
    prepare: () => undefined,
    run: async () => {
      writeSync(fd, bytes, 0, bytes.length, position)
      await sync(fd)
      position += bytes.length
      if (position + bytes.length > ROOM_BYTES) position = 0
    },
  })
  return byWallTime(measured)
}

interface Waiters {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

/**
 * The least that one process can do for updates that are objects, kept and on the disk: a frozen copy of what changes, a table,
 * the text of the change, and one write and one sync for all who wait. No checks, no versions, no watches, no checksums.
 */
export async function handWritten(dir: string, size: number, writers: number): Promise<Measurement> {
  const fd = openSync(join(dir, 'log'), 'w')
  const sync = promisify(fdatasync)
  const table = new Map<string, ReturnType<typeof makePod>>()
  const keyOf = (index: number): string => {
    const { namespace, name } = podRef(index)
    return `${namespace}/${name}`
  }
  for (let index = 0; index < size; index++) table.set(keyOf(index), makePod(index))
  writeSync(fd, Buffer.alloc(ROOM_BYTES), 0, ROOM_BYTES, 0)
  await sync(fd)
  let revision = 0
  let position = 0
  let texts: string[] = []
  let waiters: Waiters | undefined
  let isRunning = false
  const run = async (): Promise<void> => {
    isRunning = true
    while (waiters !== undefined) {
      await Promise.resolve()
      const served: Waiters | undefined = waiters
      const bytes = Buffer.from(texts.join('\n'))
      texts = []
      waiters = undefined
      if (position + bytes.length > ROOM_BYTES) position = 0
      position += writeSync(fd, bytes, 0, bytes.length, position)
      await sync(fd)
      served?.resolve()
    }
    isRunning = false
  }
  return measureWriters(writers, index => {
    const key = keyOf(index % size)
    const before = table.get(key) as ReturnType<typeof makePod>
    const changed = { resourceVersion: String(++revision), priority: index }
    const metadata = Object.freeze({ ...before.metadata, resourceVersion: changed.resourceVersion })
    const spec = Object.freeze({ ...before.spec, priority: index })
    table.set(key, Object.freeze({ ...before, metadata, spec }))
    texts.push(JSON.stringify({ revision, timeMs: Date.now(), key, changed }))
    waiters ??= newWaiters()
    if (!isRunning) void run()
    return waiters.promise
  })
}

function newWaiters(): Waiters {
  let resolve = (): void => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}
