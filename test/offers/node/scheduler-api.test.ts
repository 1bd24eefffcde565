import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AgentHandle, OfferPool } from '../../../src/offers/index.js'
import { createPool, resources } from '../../../src/offers/index.js'
import type { SchedulerApi, SchedulerApiOptions } from '../../../src/offers/node/index.js'
import { serveSchedulerApi } from '../../../src/offers/node/index.js'
import { readCall } from '../../../src/offers/node/scheduler-call.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { recordsOf, SchedulerClient } from './scheduler-client.js'

/** A pool of one agent whose tasks run at once and end when they are killed. */
class ApiWorld {
  readonly env = createVirtualEnv()
  readonly pool: OfferPool
  readonly agent: AgentHandle
  readonly launched: unknown[] = []
  readonly killed: string[] = []
  readonly api: SchedulerApi

  private constructor(pool: OfferPool, agent: AgentHandle, api: SchedulerApi) {
    this.pool = pool
    this.agent = agent
    this.api = api
  }

  static async start(options: SchedulerApiOptions = {}, text = 'cpus:4;mem:4096'): Promise<ApiWorld> {
    const told: { world?: ApiWorld } = {}
    const pool = createPool({
      driver: {
        launch: async (_agent, task, _take, framework) => {
          told.world?.launched.push(task.data)
          told.world?.agent.report(framework, { task: task.id, state: 'running' })
        },
        kill: async (_agent, task, graceMs, framework) => {
          told.world?.killed.push(`${task} in ${graceMs}`)
          told.world?.agent.report(framework, { task, state: 'killed' })
        },
      },
    })
    const agent = pool.agent({
      id: 'a1',
      host: 'host1',
      resources: resources(text),
      attributes: { rack: 'r7' },
    })
    const world = new ApiWorld(
      pool,
      agent,
      await serveSchedulerApi(pool, { env: createVirtualEnv(), ...options }),
    )
    told.world = world
    onTestFinished(async () => {
      await world.api.close()
      world.pool.close()
    })
    return world
  }

  async client(info: Readonly<Record<string, unknown>> = {}): Promise<SchedulerClient> {
    const client = new SchedulerClient(this.api.url)
    await client.subscribe({ user: 'root', name: 'web', roles: ['prod'], ...info })
    return client
  }
}

const CPU = { name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }

function launchOf(task: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  const info = { name: task, task_id: { value: task }, agent_id: { value: 'a1' }, resources: [CPU], ...more }
  return { type: 'LAUNCH', launch: { task_infos: [info] } }
}

async function offerOf(client: SchedulerClient) {
  const { offers } = await client.next('OFFERS')
  return offers.offers[0]
}

async function accept(client: SchedulerClient, ...operations: readonly unknown[]) {
  const offer = await offerOf(client)
  const accepted = { offer_ids: [offer.id], operations, filters: { refuse_seconds: 0 } }
  expect(await client.call('ACCEPT', accepted)).toEqual({ status: 202, text: '' })
}

test('a scheduler subscribes, launches, acknowledges, kills, fails over and tears down', async () => {
  const world = await ApiWorld.start()
  const first = await world.client({ failover_timeout: 60 })
  const offer = await offerOf(first)
  expect(offer).toMatchObject({
    framework_id: { value: first.framework },
    agent_id: { value: 'a1' },
    hostname: 'host1',
    allocation_info: { role: 'prod' },
    attributes: [{ name: 'rack', type: 'TEXT', text: { value: 'r7' } }],
  })
  expect(offer.resources[0]).toEqual({
    name: 'cpus',
    type: 'SCALAR',
    scalar: { value: 4 },
    allocation_info: { role: 'prod' },
  })
  const command = { value: 'sleep 1000' }
  const operations = [launchOf('t1', { command })]
  expect(await first.call('ACCEPT', { offer_ids: [offer.id], operations })).toEqual({ status: 202, text: '' })
  expect(world.launched).toMatchObject([{ task_id: { value: 't1' }, command }])
  const { update } = await first.next('UPDATE')
  expect(update.status).toMatchObject({
    task_id: { value: 't1' },
    agent_id: { value: 'a1' },
    state: 'TASK_RUNNING',
    source: 'SOURCE_AGENT',
  })
  const { uuid } = update.status

  first.vanish()
  const second = await world.client({ id: { value: first.framework }, failover_timeout: 60 })
  expect(second.framework).toBe(first.framework)
  const again = await second.next('UPDATE')
  expect(again.update.status.uuid, 'not acknowledged, so told again').toBe(uuid)
  const acknowledge = { agent_id: { value: 'a1' }, task_id: { value: 't1' }, uuid }
  expect((await first.call('ACKNOWLEDGE', acknowledge)).status, 'the old stream').toBe(400)
  expect((await second.call('ACKNOWLEDGE', acknowledge)).status).toBe(202)

  const grace = { kill_policy: { grace_period: { nanoseconds: 2_000_000_000 } } }
  expect((await second.call('KILL', { task_id: { value: 't1' }, ...grace })).status).toBe(202)
  let killed = await second.next('UPDATE')
  while (killed.update.status.state !== 'TASK_KILLED') {
    const { task_id, uuid } = killed.update.status
    await second.call('ACKNOWLEDGE', { task_id, uuid })
    killed = await second.next('UPDATE')
  }
  expect(world.killed).toEqual(['t1 in 2000'])
  await second.call('ACKNOWLEDGE', { task_id: { value: 't1' }, uuid: killed.update.status.uuid })
  expect(world.pool.hasTask(second.framework, 't1')).toBe(false)

  expect((await second.call('TEARDOWN')).status).toBe(202)
  await second.rest()
  expect((await second.call('REVIVE')).status).toBe(403)
})

test('of two streams of one framework the newer one counts, and the older one is told', async () => {
  const world = await ApiWorld.start()
  const old = await world.client({ failover_timeout: 60 })
  const id = { value: old.framework }
  const young = await world.client({ id, failover_timeout: 60 })
  expect((await old.rest()).at(-1)).toEqual({ type: 'ERROR', error: { message: 'Framework failed over' } })
  expect((await old.call('REVIVE')).status).toBe(400)
  expect((await young.call('REVIVE')).status).toBe(202)
})

test('a framework whose client vanished has its failover time, and none without one', async () => {
  const world = await ApiWorld.start()
  const client = await world.client()
  await accept(client, launchOf('t1'))
  await client.next('UPDATE')
  client.vanish()
  while (world.pool.hasTask(client.framework, 't1')) await new Promise(resolve => setImmediate(resolve))
  expect(world.killed).toEqual(['t1 in 5000'])
})

describe('operations', () => {
  test('reserve, create, launch on, destroy and unreserve what Mesos would', async () => {
    const world = await ApiWorld.start({}, 'cpus:4;disk:100')
    const client = await world.client({ principal: 'ops' })
    const labels = { labels: [{ key: 'for', value: 'db' }] }
    const reservations = [{ type: 'DYNAMIC', role: 'prod', principal: 'ops', labels }]
    const disk = { name: 'disk', type: 'SCALAR', scalar: { value: 10 }, reservations }
    const volume = {
      ...disk,
      disk: { persistence: { id: 'v1' }, volume: { container_path: 'data', mode: 'RW' } },
    }
    await accept(
      client,
      { type: 'RESERVE', id: { value: 'r1' }, reserve: { resources: [disk] } },
      { type: 'CREATE', create: { volumes: [volume] } },
      launchOf('t1', { resources: [CPU, volume] }),
    )
    expect((await client.next('UPDATE_OPERATION_STATUS')).update_operation_status.status).toEqual({
      operation_id: { value: 'r1' },
      state: 'OPERATION_FINISHED',
    })
    expect((await client.next('UPDATE')).update.status.state).toBe('TASK_RUNNING')
    await client.call('KILL', { task_id: { value: 't1' } })
    await client.call('REVIVE')
    const offered = async () =>
      (await offerOf(client)).resources.map(({ allocation_info, ...rest }: Parsed) => rest)
    let held = await offered()
    while (!held.some((each: Parsed) => each['disk'] !== undefined)) held = await offered()
    expect(held).toContainEqual(volume)
  })

  test('that fail are told, one by one', async () => {
    const world = await ApiWorld.start()
    const client = await world.client()
    await accept(
      client,
      launchOf('big', { resources: [{ ...CPU, scalar: { value: 99 } }] }),
      { type: 'UNRESERVE', unreserve: { resources: [CPU] } },
      { type: 'LAUNCH_GROUP', launch_group: { task_group: { tasks: [] } } },
    )
    const { status } = (await client.next('UPDATE')).update
    expect(status).toMatchObject({
      task_id: { value: 'big' },
      state: 'TASK_ERROR',
      reason: 'REASON_TASK_INVALID',
    })
    expect(status.uuid, 'nothing to acknowledge').toBeUndefined()
    const dropped = await client.next('UPDATE_OPERATION_STATUS')
    expect(dropped.update_operation_status.status.state).toBe('OPERATION_DROPPED')
  })

  test('on an offer of another framework are dropped, and leave it where it is', async () => {
    const world = await ApiWorld.start()
    const owner = await world.client()
    const offer = await offerOf(owner)
    const thief = await world.client({ name: 'thief', roles: ['other'] })
    expect((await thief.call('ACCEPT', { offer_ids: [offer.id], operations: [launchOf('t1')] })).status).toBe(
      202,
    )
    expect((await thief.next('UPDATE')).update.status).toMatchObject({
      state: 'TASK_DROPPED',
      reason: 'REASON_INVALID_OFFERS',
    })
    expect((await thief.call('DECLINE', { offer_ids: [offer.id] })).status).toBe(403)
    expect((await owner.call('ACCEPT', { offer_ids: [offer.id], operations: [launchOf('t1')] })).status).toBe(
      202,
    )
    expect((await owner.next('UPDATE')).update.status.state).toBe('TASK_RUNNING')
  })
})

type Parsed = Readonly<Record<string, unknown>>

test('reconciliation tells of all tasks, or of those that are named', async () => {
  const world = await ApiWorld.start()
  const client = await world.client()
  await accept(client, launchOf('t1'))
  await client.next('UPDATE')
  await client.call('RECONCILE', {})
  const all = await client.next('UPDATE')
  expect(all.update.status).toMatchObject({ task_id: { value: 't1' }, reason: 'REASON_RECONCILIATION' })
  await client.call('RECONCILE', { tasks: [{ task_id: { value: 'gone' }, agent_id: { value: 'a9' } }] })
  expect((await client.next('UPDATE')).update.status).toMatchObject({ state: 'TASK_UNKNOWN' })
  await client.call('KILL', { task_id: { value: 'never' } })
  expect((await client.next('UPDATE')).update.status).toMatchObject({
    task_id: { value: 'never' },
    state: 'TASK_UNKNOWN',
  })
})

test('declined offers come again after a revival; suppressed roles have none', async () => {
  const world = await ApiWorld.start()
  const client = await world.client()
  const offer = await offerOf(client)
  const filters = { refuse_seconds: 3600 }
  expect((await client.call('DECLINE', { offer_ids: [offer.id], filters })).status).toBe(202)
  expect(world.pool.explain(client.framework).verdict).toBe('filtered')
  expect((await client.call('SUPPRESS', { roles: ['prod'] })).status).toBe(202)
  expect(world.pool.explain(client.framework).verdict).toBe('suppressed')
  expect((await client.call('REVIVE')).status).toBe(202)
  expect((await offerOf(client)).id.value).not.toBe(offer.id.value)
})

describe('calls that are no good', () => {
  test.each<[string, number, RegExp, unknown]>([
    ['no JSON', 400, /must be JSON/, '{'],
    ['no object', 400, /JSON of an object/, '[]'],
    ['no call', 400, /type: must be the name of a call/, { type: 'DANCE' }],
    ['no framework info', 400, /subscribe\.framework_info/, { type: 'SUBSCRIBE', subscribe: {} }],
    ['a foreign framework', 403, /not subscribed/, { type: 'REVIVE', framework_id: { value: 'nobody' } }],
    ['no framework', 400, /framework_id/, { type: 'REVIVE' }],
    ['too much', 413, /at most 1000 bytes/, `{"a":"${'x'.repeat(2000)}"}`],
  ])('%s: %i', async (_title, status, text, body) => {
    const world = await ApiWorld.start({ bodyBytesMax: 1000 })
    const response = await new SchedulerClient(world.api.url)
      .post(body, { 'mesos-stream-id': 's' })
      .then(async answer => ({ status: answer.status, text: await answer.text() }))
    if (status === 400 && String(text).includes('framework_info'))
      expect((await new SchedulerClient(world.api.url).post(body)).status).toBe(400)
    expect(response.text).toMatch(text)
    expect(response.status).toBe(status)
  })

  test.each<[string, unknown, number, RegExp]>([
    ['ACCEPT', { offer_ids: [], operations: [] }, 400, /accept\.offer_ids/],
    [
      'ACCEPT',
      { offer_ids: [{ value: 'o' }], operations: [{ type: 'CREATE_DISK' }] },
      400,
      /operations\[0\]\.type/,
    ],
    [
      'ACCEPT',
      { offer_ids: [{ value: 'o' }], operations: [launchOf('t', { resources: [{ name: 'cpus' }] })] },
      400,
      /task_infos\[0\]\.resources\[0\]\.type/,
    ],
    ['DECLINE', { offer_ids: [{ value: 'o' }], filters: { refuse_seconds: -1 } }, 400, /refuse_seconds/],
    ['KILL', {}, 400, /kill\.task_id/],
    ['REVIVE', { roles: 'prod' }, 400, /revive\.roles/],
    ['MESSAGE', {}, 501, /MESSAGE is not supported/],
    ['ACKNOWLEDGE', { task_id: { value: 't' } }, 400, /acknowledge\.uuid/],
  ])('%s %j', async (type, fields, status, text) => {
    const world = await ApiWorld.start()
    const client = await world.client()
    const answer = await client.call(type, fields)
    expect(answer.text).toMatch(text)
    expect(answer.status).toBe(status)
    expect((await client.call('REVIVE')).status, 'the stream is none the worse').toBe(202)
  })

  test.each<[string, RequestInit, number]>([
    ['another path', { method: 'POST' }, 404],
    ['another method', { method: 'GET' }, 405],
    ['another content', { method: 'POST', headers: { 'content-type': 'application/x-protobuf' } }, 415],
  ])('%s', async (title, init, status) => {
    const world = await ApiWorld.start()
    const url = title === 'another path' ? world.api.url.replace('scheduler', 'operator') : world.api.url
    expect((await fetch(url, init)).status).toBe(status)
  })

  test('a call with the stream of another framework is refused', async () => {
    const world = await ApiWorld.start()
    const one = await world.client()
    const two = await world.client({ name: 'two' })
    two.streamId = one.streamId
    expect(await two.call('REVIVE')).toMatchObject({
      status: 400,
      text: expect.stringContaining('Mesos-Stream-Id'),
    })
  })
})

describe('streams', () => {
  test('have a heartbeat', async () => {
    const env = createVirtualEnv()
    const world = await ApiWorld.start({ env, heartbeatIntervalMs: 5000 })
    const client = await world.client()
    await env.advance(5000)
    await client.next('HEARTBEAT')
    await env.advance(5000)
    await client.next('HEARTBEAT')
  })

  test('are at most so many', async () => {
    const world = await ApiWorld.start({ streamsMax: 1 })
    await world.client()
    await expect(world.client({ name: 'two' })).rejects.toThrow(/^503 1 schedulers/)
  })

  test('end with the pool, without an error', async () => {
    const world = await ApiWorld.start()
    const client = await world.client()
    world.pool.close()
    expect((await client.rest()).map(({ type }) => type)).not.toContain('ERROR')
    expect((await client.call('REVIVE')).status).toBe(403)
  })

  test('of a client that does not read are cut off', async () => {
    const world = await ApiWorld.start({ unsentBytesMax: 100_000 })
    const body = JSON.stringify({
      type: 'SUBSCRIBE',
      subscribe: { framework_info: { name: 'deaf', id: { value: 'deaf' }, roles: ['prod'] } },
      framework_id: { value: 'deaf' },
    })
    const { hostname, port, pathname } = new URL(world.api.url)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    const [head] = (await once(socket, 'data')) as [Buffer]
    socket.pause()
    const client = new SchedulerClient(world.api.url)
    client.framework = 'deaf'
    client.streamId = /mesos-stream-id: (\S+)/i.exec(head.toString())![1]!
    const tasks = Array.from({ length: 5000 }, (_, n) => ({ task_id: { value: `${n}`.padStart(200, 'x') } }))
    let status = 202
    for (let n = 0; n < 50 && status === 202; n++) status = (await client.call('RECONCILE', { tasks })).status
    expect(status).toBe(403)
  })
})

test('curl is a scheduler', async ({ skip }) => {
  const world = await ApiWorld.start()
  const subscribe = {
    type: 'SUBSCRIBE',
    subscribe: { framework_info: { user: 'root', name: 'curl', roles: ['prod'] } },
  }
  const curl = spawn('curl', [
    '-sN',
    '-H',
    'Content-Type: application/json',
    '-d',
    JSON.stringify(subscribe),
    world.api.url,
  ])
  onTestFinished(() => void curl.kill())
  const started = await Promise.race([
    once(curl, 'spawn').then(() => true),
    once(curl, 'error').then(() => false),
  ])
  if (!started) return skip()
  const types: string[] = []
  for await (const { type } of recordsOf(curl.stdout)) {
    types.push(type)
    if (types.length === 2) break
  }
  expect(types).toEqual(['SUBSCRIBED', 'OFFERS'])
})

test('capabilities that stand for none of ours are left out, however they are called', () => {
  const capabilities = ['REGION_AWARE', 'SHARED_RESOURCES', 'constructor'].map(type => ({ type }))
  const subscribe = { framework_info: { user: 'u', name: 'f', capabilities } }
  expect(readCall({ type: 'SUBSCRIBE', subscribe }).call).toMatchObject({
    options: { capabilities: ['remote'] },
  })
})
