import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnv } from '../../../src/core/index.js'
import { EtcdConnection } from '../../../src/store/etcd/etcd-connection.js'
import type { WatchResponse } from '../../../src/store/etcd/etcd-messages.js'
import { textOf } from '../../../src/store/etcd/protobuf.js'
import { canRunEtcd, EtcdServer } from './etcd-server.js'

describe.runIf(canRunEtcd)('the calls of etcd', () => {
  let server: EtcdServer
  let connection: EtcdConnection
  beforeAll(async () => {
    server = await EtcdServer.start()
    connection = new EtcdConnection(systemEnv, { endpoints: [server.endpoint] })
  })
  afterAll(async () => {
    connection.close()
    await server.close()
  })

  test('a transaction does all or nothing, a range reads it', async () => {
    const made = await connection.txn([{ key: '/a/1', modRevision: 0 }], [{ put: '/a/1', value: 'one' }])
    expect(made.succeeded).toBe(true)
    const again = await connection.txn([{ key: '/a/1', modRevision: 0 }], [{ put: '/a/1', value: 'two' }])
    expect(again).toMatchObject({ succeeded: false, header: { revision: made.header.revision } })
    const { kvs, more } = await connection.range({ key: '/a/', end: '/a0' })
    expect([kvs.map(({ key, value, version }) => [key, textOf(value), version]), more]).toEqual([
      [['/a/1', 'one', 1]],
      false,
    ])
    expect(kvs[0]?.modRevision).toBe(made.header.revision)
    const { revision } = made.header
    expect((await connection.txn([{ key: '/a/', end: '/a0', notAfter: revision }], [])).succeeded).toBe(true)
    expect((await connection.txn([{ key: '/a/', end: '/a0', notAfter: revision - 1 }], [])).succeeded).toBe(
      false,
    )
    expect((await connection.txn([{ key: '/a/1', value: 'one' }], [])).succeeded).toBe(true)
  })

  test('a watch tells every revision, and progress when it is asked for', async () => {
    const told: WatchResponse[] = []
    const wake: (() => void)[] = []
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise<void>(resolve => wake.push(resolve))
    }
    const { header } = await connection.range({ key: '/w/' })
    const watch = connection.watch(
      '/w/',
      { end: '/w0', startRevision: header.revision + 1 },
      {
        answered: response => {
          told.push(response)
          for (const call of wake.splice(0)) call()
        },
        ended: error => {
          throw error
        },
      },
    )
    await connection.txn(
      [],
      [
        { put: '/w/1', value: 'x'.repeat(200_000) },
        { put: '/w/2', value: 'y' },
      ],
    )
    await connection.txn([], [{ delete: '/w/1' }])
    await until(() => told.flatMap(({ events }) => events).length === 3)
    expect(
      told.flatMap(({ events }) => events.map(({ isDelete, kv }) => [isDelete, kv.key, kv.value.length])),
    ).toEqual([
      [false, '/w/1', 200_000],
      [false, '/w/2', 1],
      [true, '/w/1', 0],
    ])
    const before = told.length
    watch.askProgress()
    await until(() => told.length > before)
    expect(told.at(-1)).toMatchObject({ events: [], canceled: false })
    watch.cancel()
  })

  test('leases', async () => {
    const { id, ttl } = await connection.grantLease(60)
    expect(ttl).toBe(60)
    expect(await connection.renewLease(id)).toEqual({ id, ttl: 60 })
    await connection.revokeLease(id)
    expect((await connection.askLease(id)).ttl).toBeLessThanOrEqual(0)
    expect((await connection.renewLease(id)).ttl).toBe(0)
  })

  test('who is asked', async () => {
    expect((await connection.status()).version).toMatch(/^3\./)
  })
})
