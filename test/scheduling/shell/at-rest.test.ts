import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { findCondition, Node, Task } from '../../../src/api/index.js'
import { KeelsonError } from '../../../src/core/index.js'
import { createScheduler } from '../../../src/scheduling/index.js'
import { readableNode } from '../../../src/scheduling/shell/node-object.js'
import {
  groupOfTask,
  isUnassigned,
  requestOfTask,
  taskKey,
} from '../../../src/scheduling/shell/task-object.js'
import type { Client } from '../../../src/store/index.js'
import { tapWrites } from '../../../src/store/index.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import { namespace, readiness, run } from './scheduling-world.js'

/** Tasks of one shape ask for the same. */
const SHAPES: readonly TaskSpec[] = [
  { resources: { requests: { cpu: 1 } } },
  { resources: { requests: { cpu: 3 } } },
  { resources: { requests: { cpu: 1 } }, nodeSelector: { zone: 'a' } },
  { ports: [{ containerPort: 80, hostPort: 80 }] },
  { group: 'apart', constraints: [{ attribute: 'zone', operator: 'unique' }] },
  { group: 'even', spread: [{ attribute: 'zone', maxSkew: 1 }] },
  { devices: [{ kind: 'gpu', share: 0.7 }] },
]

const node = fc.constantFrom('n0', 'n1', 'n2')
const ref = fc.nat(9).map(at => ({ namespace, name: `t${at}` }))

/** What others do, by itself; whom it concerns may be gone. */
type Act = (client: Client) => Promise<unknown>

const acts: readonly fc.Arbitrary<Act>[] = [
  fc.record({ name: node, cpu: fc.nat(4), zone: fc.constantFrom('a', 'b'), isReady: fc.boolean() }).map(
    ({ name, cpu, zone, isReady }): Act =>
      async client => {
        if (client.get(Node, { name }) === undefined)
          await client.create(Node, { metadata: { name }, spec: {} })
        await client.modify(Node, { name }, draft => void (draft.metadata.labels = { zone }))
        await client.modifyStatus(Node, { name }, draft => {
          const devices = [{ kind: 'gpu', id: '0' }]
          const conditions = [readiness(isReady ? 'True' : 'False')]
          draft.status = { allocatable: { cpu, gpu: 1 }, devices, conditions }
        })
      },
  ),
  node.map(
    (name): Act =>
      client =>
        client.delete(Node, { name }),
  ),
  fc.record({ of: ref, shape: fc.constantFrom(...SHAPES), priority: fc.nat(2), isGated: fc.boolean() }).map(
    ({ of, shape, priority, isGated }): Act =>
      client => {
        const gates = isGated ? { schedulingGates: [{ name: 'wait' }] } : {}
        return client.create(Task, { metadata: of, spec: Object.assign({ priority }, shape, gates) })
      },
  ),
  ref.map(
    (of): Act =>
      client =>
        client.delete(Task, of),
  ),
  ref.map(
    (of): Act =>
      client =>
        client.modify(Task, of, draft => void delete draft.spec.schedulingGates),
  ),
  fc.tuple(ref, node).map(
    ([of, name]): Act =>
      client =>
        client.modify(Task, of, draft => void (draft.spec.nodeName ??= name)),
  ),
]

const stepArbitrary = fc.record({
  act: fc.oneof(...acts, acts[2] as fc.Arbitrary<Act>, acts[2] as fc.Arbitrary<Act>),
  /** So many writes of the scheduler fail from here on. */
  failing: fc.constantFrom(0, 0, 0, 2),
  delayMs: fc.constantFrom(0, 0, 500),
  waitMs: fc.constantFrom(undefined, 0, 150),
})

/** What is wrong when all is at rest. */
function faultsOf({ store }: World): readonly string[] {
  const scheduler = createScheduler()
  for (const one of store.list(Node).items) scheduler.addNode(readableNode(one))
  const { items } = store.list(Task)
  const requestOf = (one: Task) => {
    const group = groupOfTask(one)
    return group === undefined
      ? requestOfTask(one)
      : requestOfTask(one, items.filter(other => groupOfTask(other) === group).length)
  }
  for (const one of items) {
    const { nodeName, assignedDevices: held } = one.spec
    if (nodeName !== undefined)
      scheduler.addTask(Object.assign(requestOf(one), { node: nodeName }, held === undefined ? {} : { held }))
  }
  return items.filter(isUnassigned).flatMap(one => {
    const { reason, message = '' } = findCondition(one.status?.conditions, 'Scheduled') ?? {}
    const told = `${one.metadata.name} waits (${reason}: ${message})`
    if (one.spec.schedulingGates !== undefined) return reason === 'SchedulingGated' ? [] : [told]
    const { kind } = scheduler.place(requestOf(one))
    if (kind === 'placed') scheduler.removeTask(taskKey(one.metadata))
    return kind === 'unschedulable' && reason === 'Unschedulable' && message !== '' ? [] : [told]
  })
}

test('law: whatever happens meanwhile, at rest nobody waits who fits somewhere, and all who wait say why', async () => {
  const options = fc.record({ batchMax: fc.constantFrom(1, 32), concurrency: fc.constantFrom(1, 3) })
  const law = fc.asyncProperty(
    fc.array(stepArbitrary, { maxLength: 24, size: 'max' }),
    options,
    async (steps, given) => {
      const world = createWorld({ kinds: [Node, Task] })
      const { env, store } = world
      const trouble = { failing: 0, delayMs: 0 }
      const client = tapWrites(store.client(env), async (write, next) => {
        if (trouble.delayMs > 0) await env.clock.sleep(trouble.delayMs)
        if (trouble.failing-- <= 0) return next(write)
        throw new KeelsonError({ code: 'Unavailable', message: 'no answer came', details: {} })
      })
      await run(world, given, client)
      for (const { act, failing, delayMs, waitMs } of steps) {
        Object.assign(trouble, { failing, delayMs })
        await env.run(() => act(store).catch(() => undefined))
        if (waitMs !== undefined) await env.advance(waitMs)
      }
      Object.assign(trouble, { failing: 0, delayMs: 0 })
      await env.advance(60_000)
      expect(faultsOf(world)).toEqual([])
      expect(env.logs.filter(({ message }) => message.includes('plugin'))).toEqual([])
      env.close()
    },
  )
  await fc.assert(law, { numRuns: 8, seed: 11 })
})
