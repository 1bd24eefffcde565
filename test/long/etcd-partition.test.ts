import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnv, isKeelsonError, silentLogger } from '../../src/core/index.js'
import { connectStore } from '../../src/store/etcd/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { canRunEtcd, etcdctl } from '../store/etcd/etcd-server.js'
import { soon } from '../store/etcd/soon.js'

const env = createEnv({ process: 'partition', logger: silentLogger })
const BRIDGE = 'keelson-br'
const MEMBERS = [1, 2, 3]
const addressOf = (member: number): string => `10.213.77.${member + 1}`
const spaceOf = (member: number): string => `keelson-${member}`

function ip(...args: readonly string[]): boolean {
  return spawnSync('ip', args).status === 0
}

const canCut = canRunEtcd && ip('netns', 'add', 'keelson-probe') && ip('netns', 'del', 'keelson-probe')

/** Cuts a member off from everybody, or lets it back. */
function wire(member: number, state: 'up' | 'down'): void {
  expect(ip('link', 'set', `keelson-v${member}`, state)).toBe(true)
}

// Needs the right to make network namespaces.
describe.runIf(canCut)('an etcd of three members, each in a network of its own', () => {
  const processes: ChildProcess[] = []
  const folder = mkdtempSync(join(tmpdir(), 'keelson-partition-'))
  const clear = (): void => {
    for (const member of MEMBERS) ip('netns', 'del', spaceOf(member))
    ip('link', 'del', BRIDGE)
  }
  beforeAll(async () => {
    clear()
    const made = [
      ip('link', 'add', BRIDGE, 'type', 'bridge'),
      ip('addr', 'add', '10.213.77.1/24', 'dev', BRIDGE),
      ip('link', 'set', BRIDGE, 'up'),
    ]
    const initial = MEMBERS.map(member => `m${member}=http://${addressOf(member)}:2380`).join(',')
    for (const member of MEMBERS) {
      const [space, near] = [spaceOf(member), `keelson-v${member}`]
      made.push(
        ip('netns', 'add', space),
        ip('link', 'add', near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space),
        ip('link', 'set', near, 'master', BRIDGE, 'up'),
        ip('-n', space, 'addr', 'add', `${addressOf(member)}/24`, 'dev', 'eth0'),
        ip('-n', space, 'link', 'set', 'eth0', 'up'),
        ip('-n', space, 'link', 'set', 'lo', 'up'),
      )
      const [client, peer] = [`http://${addressOf(member)}:2379`, `http://${addressOf(member)}:2380`]
      const args = [
        ...['--name', `m${member}`, '--data-dir', join(folder, `m${member}`), '--initial-cluster', initial],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--heartbeat-interval', '100', '--election-timeout', '1000'],
      ]
      processes.push(spawn('ip', ['netns', 'exec', space, 'etcd', ...args], { stdio: 'ignore' }))
    }
    expect(made).not.toContain(false)
  })
  afterAll(async () => {
    for (const child of processes) {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    clear()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the leader is cut off: who follows it says so, nothing acknowledged is lost, nothing is told twice', async () => {
    const endpoints = MEMBERS.map(member => `${addressOf(member)}:2379`)
    const open = (to: readonly string[]) =>
      connectStore({ kinds: [Widget], env, etcd: { endpoints: to, timeoutMs: 2_000 } })
    await soon(() =>
      open(endpoints).then(
        store => store.close().then(() => true),
        () => false,
      ),
    )
    const isLeader = (member: number): boolean => {
      const [status] = JSON.parse(etcdctl(`${addressOf(member)}:2379`, 'endpoint', 'status', '-w', 'json'))
      return status.Status.header.member_id === status.Status.leader
    }
    const leader = MEMBERS.find(isLeader) ?? 0
    const [near, store] = [await open([`${addressOf(leader)}:2379`]), await open(endpoints)]
    const told: string[] = []
    near.watch(Widget).on(({ events }) => void told.push(...events.map(({ object }) => object.metadata.name)))
    const acknowledged: string[] = []
    const write = async (name: string): Promise<void> => {
      try {
        await store.create(Widget, widget(name))
        acknowledged.push(name)
      } catch (error) {
        if (!isKeelsonError(error, 'Unavailable')) throw error
      }
    }
    for (let index = 0; index < 10; index++) await write(`before-${index}`)
    wire(leader, 'down')
    for (let index = 0; acknowledged.length < 30; index++) await write(`during-${index}`)
    await soon(() => !near.freshness.connected)
    expect(near.get(Widget, ref('before-0'))).toBeDefined()
    wire(leader, 'up')
    await soon(() =>
      near.sync().then(
        () => true,
        () => false,
      ),
    )
    for (const name of acknowledged) expect(near.get(Widget, ref(name)), name).toBeDefined()
    await soon(() => told.length === near.count(Widget))
    expect(new Set(told).size).toBe(told.length)
    await Promise.all([near.close(), store.close()])
  })
})
