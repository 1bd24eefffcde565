import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createEnv, isKeelsonError, silentLogger } from '../../../src/core/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import { ref, Widget, widget } from '../../fixtures/kinds.js'
import { canRunEtcd, EtcdServer, etcdctl, freePort, onFreePorts } from './etcd-server.js'
import { soon } from './soon.js'

const env = createEnv({ process: 'cluster', logger: silentLogger })

async function startThree(): Promise<readonly EtcdServer[]> {
  const members = await Promise.all(
    ['one', 'two', 'three'].map(async name => ({ name, client: await freePort(), peer: await freePort() })),
  )
  const initial = members.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(',')
  const servers = members.map(({ name, client, peer }) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'keelson-etcd-'))
    return new EtcdServer(`127.0.0.1:${client}`, dataDir, [
      ...['--name', name, '--data-dir', dataDir, '--logger', 'zap', '--log-level', 'panic'],
      ...[
        '--listen-client-urls',
        `http://127.0.0.1:${client}`,
        '--advertise-client-urls',
        `http://127.0.0.1:${client}`,
      ],
      ...[
        '--listen-peer-urls',
        `http://127.0.0.1:${peer}`,
        '--initial-advertise-peer-urls',
        `http://127.0.0.1:${peer}`,
      ],
      ...['--initial-cluster', initial, '--heartbeat-interval', '50', '--election-timeout', '500'],
    ])
  })
  try {
    await Promise.all(servers.map(server => server.run()))
    return servers
  } catch (error) {
    await Promise.all(servers.map(server => server.close()))
    throw error
  }
}

describe.runIf(canRunEtcd)('an etcd of three members', () => {
  test('loses its leader: nothing acknowledged is lost, nothing is told twice, writes go on', async () => {
    const servers = await onFreePorts(startThree)
    const endpoints = servers.map(({ endpoint }) => endpoint)
    const open = () => connectStore({ kinds: [Widget], env, etcd: { endpoints, timeoutMs: 3_000 } })
    const [store, other] = [await open(), await open()]
    const told: string[] = []
    const revisions: number[] = []
    other.watch(Widget).on(({ revision, events }) => {
      revisions.push(revision)
      told.push(...events.map(({ type, object }) => `${type} ${object.metadata.name}`))
    })
    const acknowledged: string[] = []
    let unknown = 0
    const write = async (name: string): Promise<void> => {
      try {
        await store.create(Widget, widget(name))
        acknowledged.push(name)
      } catch (error) {
        if (!isKeelsonError(error, 'Unavailable')) throw error
        unknown++
      }
    }
    for (let index = 0; index < 10; index++) await write(`before-${index}`)
    const leader = servers.find(({ endpoint }) => {
      const [status] = JSON.parse(etcdctl(endpoint, 'endpoint', 'status', '-w', 'json'))
      return status.Status.header.member_id === status.Status.leader
    })
    expect(leader).toBeDefined()
    const during = Array.from({ length: 10 }, (_, index) => write(`during-${index}`))
    await leader?.kill()
    await Promise.all(during)
    for (let index = 0; acknowledged.filter(name => name.startsWith('after')).length < 10; index++)
      await write(`after-${index}`)
    await soon(async () =>
      other.sync().then(
        () => true,
        () => false,
      ),
    )
    for (const name of acknowledged) expect(other.get(Widget, ref(name)), name).toBeDefined()
    // What was not acknowledged is there as a whole, or not at all.
    expect(other.count(Widget)).toBeLessThanOrEqual(acknowledged.length + unknown)
    expect(new Set(told).size).toBe(told.length)
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    expect(told).toHaveLength(other.count(Widget))
    await leader?.run()
    // Two of three are a majority, one is none: whoever follows that one alone is told that it knows nothing any more.
    const [, , last] = servers
    const alone = await connectStore({ kinds: [Widget], env, etcd: { endpoints: [last?.endpoint ?? ''] } })
    await soon(() => alone.freshness.connected)
    for (const server of servers.slice(0, 2)) await server.kill()
    await soon(() => !alone.freshness.connected)
    expect(alone.freshness.error).toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/no leader/),
    })
    await alone.close()
    await expect(store.create(Widget, widget('alone'))).rejects.toMatchObject({ code: 'Unavailable' })
    expect(store.get(Widget, ref('before-0'))).toBeDefined()
    await soon(() => !store.freshness.connected)
    await store.close()
    await other.close()
    for (const server of servers) await server.close()
  })
})
