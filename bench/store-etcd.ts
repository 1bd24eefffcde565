import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemEnv } from 'keelson/core'
import { connectStore } from 'keelson/store/etcd'
import { EtcdConnection } from '../src/store/etcd/etcd-connection.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { measure } from './frame/measure.js'
import type { Row, Run } from './frame/row.js'
import { makePod, Pod, podRef } from './objects/pod.js'

// Needs an etcd that is installed; each subject has one of its own.

const BARE = 'bare client'
const WATCHING = 'bare client that watches'

const rows: readonly Row[] = [1, 16, 128].map(writers => ({
  name: `writers-${writers}`,
  title: `updates of 1.2 KB through etcd by ${writers === 1 ? 'one writer' : `${writers} writers at once`}`,
  unit: 'per second',
  sizes: [1_000],
  ours: updates(writers),
  peers: { [BARE]: bareUpdates(writers, false), [WATCHING]: bareUpdates(writers, true) },
  atLeast: { [WATCHING]: 0.9 },
}))

await bench([
  ...rows,
  { name: 'read', title: 'get from the replica', unit: 'ns', target: 200, sizes: [1_000], ours: reads },
])

function updates(writers: number): Run {
  return size =>
    withEtcd(async endpoint => {
      const store = await filled(endpoint, size)
      const measurement = await measureWriters(writers, index =>
        store.modify(Pod, podRef(index % size), draft => void (draft.spec.priority = index)),
      )
      await store.close()
      return measurement
    })
}

/**
 * The same calls over the same wire, by a program that knows each revision already. Without a watch it sees nothing of what others
 * do; with one it keeps what the watch tells, and a write is done when it was told, as a replica must.
 */
function bareUpdates(writers: number, isWatching: boolean): Run {
  return size =>
    withEtcd(async endpoint => {
      const connection = new EtcdConnection(systemEnv, { endpoints: [endpoint] })
      const pods = Array.from({ length: size }, (_, index) => makePod(index))
      const revisions = await Promise.all(
        pods.map(async (pod, index) => {
          const put = { put: `/bare/${index}`, value: JSON.stringify(pod) }
          return (await connection.txn([], [put])).header.revision
        }),
      )
      const copy = isWatching ? await watchedCopy(connection, Math.max(...revisions)) : undefined
      const measurement = await measureWriters(writers, async index => {
        const at = index % size
        const pod = pods[at] as (typeof pods)[number]
        const key = `/bare/${at}`
        const value = JSON.stringify({ ...pod, spec: { ...pod.spec, priority: index } })
        const { succeeded, header } = await connection.txn(
          [{ key, modRevision: revisions[at] ?? 0 }],
          [{ put: key, value }],
        )
        if (!succeeded) throw new Error(`${key} was changed by somebody else`)
        revisions[at] = header.revision
        await copy?.told(header.revision)
      })
      connection.close()
      return measurement
    })
}

/** What a watch tells of the bare keys, parsed and kept. */
async function watchedCopy(
  connection: EtcdConnection,
  since: number,
): Promise<{ told(revision: number): Promise<void> | undefined }> {
  const objects = new Map<string, unknown>()
  const waiting = new Map<number, () => void>()
  let newest = since
  const begun = new Promise<void>((resolve, reject) => {
    connection.watch(
      '/bare/',
      { end: '/bare0', startRevision: since + 1 },
      {
        ended: reject,
        answered: ({ created, events }) => {
          if (created) resolve()
          for (const { kv } of events) {
            objects.set(kv.key, JSON.parse(Buffer.from(kv.value).toString('utf8')))
            newest = kv.modRevision
            waiting.get(newest)?.()
            waiting.delete(newest)
          }
        },
      },
    )
  })
  await begun
  return {
    told: revision =>
      revision <= newest ? undefined : new Promise(resolve => void waiting.set(revision, resolve)),
  }
}

function reads(size: number): Promise<Measurement> {
  return withEtcd(async endpoint => {
    const store = await filled(endpoint, size)
    const refs = Array.from({ length: size }, (_, index) => podRef(index))
    const measurement = await measure({
      batch: 1_000,
      operations: 1_000_000,
      prepare: () => undefined,
      run: (_input, count) => {
        for (let index = 0; index < count; index++)
          store.get(Pod, refs[index % size] as (typeof refs)[number])
      },
    })
    await store.close()
    return measurement
  })
}

async function filled(endpoint: string, size: number) {
  const store = await connectStore({ kinds: [Pod], etcd: { endpoints: [endpoint] } })
  await Promise.all(Array.from({ length: size }, (_, index) => store.create(Pod, makePod(index))))
  return store
}

/** Each writer has one write under way. */
function measureWriters(writers: number, put: (index: number) => Promise<unknown>): Promise<Measurement> {
  const perBatch = writers * (writers === 1 ? 20 : 5)
  let next = 0
  return measure({
    batch: perBatch,
    operations: perBatch * 30,
    warm: perBatch * 10,
    prepare: () => undefined,
    run: async (_input, count) => {
      const last = next + count
      const writer = async (): Promise<void> => {
        while (next < last) await put(next++)
      }
      await Promise.all(Array.from({ length: writers }, writer))
    },
  })
}

async function withEtcd<T>(use: (endpoint: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-bench-'))
  const [client, peer] = [await freePort(), await freePort()]
  const url = (port: number): string => `http://127.0.0.1:${port}`
  const args = [
    ...['--data-dir', dir, '--listen-client-urls', url(client), '--advertise-client-urls', url(client)],
    ...['--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer)],
    ...['--initial-cluster', `default=${url(peer)}`],
  ]
  const etcd = spawn('etcd', args, { stdio: 'ignore' })
  try {
    while (!(await isListening(client))) await sleep(50)
    return await use(`127.0.0.1:${client}`)
  } finally {
    etcd.kill('SIGKILL')
    await once(etcd, 'exit')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}
