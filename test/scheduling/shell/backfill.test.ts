import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Task } from '../../../src/api/index.js'
import type { BackfillPolicy } from '../../../src/scheduling/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { Cluster } from './scheduling-world.js'
import { cpu, createCluster, namespace, run } from './scheduling-world.js'

/** How long a task runs is what its command says, in seconds. */
const runtimeMsOf = ({ spec }: Task): number | undefined =>
  spec.command === undefined ? undefined : Number(spec.command[0]) * 1_000

const lasting = (amount: string, seconds: number, more: TaskSpec = {}): TaskSpec => ({
  ...cpu(amount),
  command: [`${seconds}`],
  ...more,
})

/** One node of 4 cpus, of which 3 are in use for the next 100 seconds. */
async function busyCluster(policy: Partial<BackfillPolicy> = {}): Promise<Cluster> {
  const world = createCluster()
  await world.addNode('n1', { cpu: 4 })
  await world.addTask('running', lasting('3', 100, { nodeName: 'n1' }))
  await run(world, { backfill: { runtimeMsOf, ...policy }, retryDelayMs: 0 })
  return world
}

async function end(world: Cluster, name: string): Promise<void> {
  await world.env.run(() => world.store.delete(Task, { namespace, name }))
  await world.env.settle()
}

describe('a place in the future for the first that waits', () => {
  test('who is gone in time overtakes it, who might delay it waits and says for whom and until when', async () => {
    const world = await busyCluster()
    await world.addTask('head', lasting('4', 10))
    await world.addTask('long', lasting('1', 200))
    await world.addTask('unknown', cpu('1'))
    await world.addTask('short', lasting('1', 60))
    expect(['head', 'long', 'unknown', 'short'].map(world.nodeOf)).toEqual([
      undefined,
      undefined,
      undefined,
      'n1',
    ])
    const atMs = Date.parse(
      world.store.get(Task, { namespace, name: 'running' })?.metadata.creationTimestamp ?? '',
    )
    const time = new Date(atMs + 100_000).toISOString()
    expect(world.scheduled('long')).toContain(
      'it might delay default/head, which is expected to have room at',
    )
    expect(Date.parse(/room at (.*)\.$/.exec(world.scheduled('unknown'))?.[1] ?? '')).toBe(Date.parse(time))
    await end(world, 'short')
    await end(world, 'running')
    expect(['head', 'long'].map(world.nodeOf)).toEqual(['n1', undefined])
    await end(world, 'head')
    expect(['long', 'unknown'].map(world.nodeOf)).toEqual(['n1', 'n1'])
  })

  test('nothing is written while they wait', async () => {
    const world = await busyCluster()
    for (const name of ['head', 'head2']) await world.addTask(name, lasting('4', 10))
    for (let at = 0; at < 20; at++) await world.addTask(`long${at}`, lasting('1', 200))
    const { revision } = world.store
    await world.addNode('small', { cpu: '500m' })
    await world.env.advance(600_000)
    expect(world.store.revision).toBe(revision + 2)
  })

  test('who runs beside it, or comes before it, is not held up', async () => {
    const world = await busyCluster()
    await world.addNode('n2', { cpu: 1 })
    await world.addTask('head', lasting('4', 10))
    await world.addTask('beside', lasting('1', 999, { nodeSelector: {} }))
    await world.addTask('urgent', lasting('1', 999, { priority: 5 }))
    expect(['head', 'beside', 'urgent'].map(world.nodeOf)).toEqual([undefined, 'n2', 'n1'])
  })

  test('one for which no expected end makes room holds up nobody, and the next may have a place', async () => {
    const world = await busyCluster()
    await world.addTask('impossible', lasting('9', 10))
    await world.addTask('head', lasting('4', 10))
    await world.addTask('long', lasting('1', 200))
    expect(world.scheduled('long')).toContain('it might delay default/head')
    await end(world, 'head')
    expect(world.nodeOf('long')).toBe('n1')
  })

  test('a place is kept only for one that has waited for long enough', async () => {
    const world = await busyCluster({ waitMs: 30_000 })
    await world.addTask('head', lasting('4', 10))
    await world.addTask('early', lasting('500m', 200))
    await world.env.advance(30_000)
    await world.addTask('late', lasting('500m', 200))
    expect(['early', 'late'].map(world.nodeOf)).toEqual(['n1', undefined])
  })

  test('a gang keeps a place for all that it needs', async () => {
    const world = await busyCluster()
    const gang = { name: 'g', minMembers: 2 }
    for (const name of ['g1', 'g2']) await world.addTask(name, lasting('2', 10, { gang }))
    await world.addTask('long', lasting('1', 200))
    expect(world.scheduled('long')).toContain('it might delay default/g,')
    await end(world, 'running')
    expect(['g1', 'g2', 'long'].map(world.nodeOf)).toEqual(['n1', 'n1', undefined])
  })

  test('who will have room, but no quota, keeps no place', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 4 })
    await world.addTask('b-running', lasting('3', 100, { nodeName: 'n1' }))
    const quota = [{ name: 'a', guarantee: { cpu: 4_000 } }, { name: 'b' }].map(one => ({
      guarantee: { cpu: 9_000 },
      ...one,
    }))
    const queueOf = ({ metadata }: Task): string => metadata.name.slice(0, 1)
    await run(world, { backfill: { runtimeMsOf }, queues: { queueOf, quota }, retryDelayMs: 0 })
    await world.addTask('a-head', lasting('4', 10))
    // Beside it there is room, but not quota for both.
    await world.addNode('n2', { cpu: 1 })
    await world.addTask('a-other', lasting('1', 200))
    expect(world.scheduled('a-other')).toContain('it might delay default/a-head')
    await end(world, 'a-other')
    await world.addTask('b-beside', lasting('1', 200))
    await world.addTask('b-large', lasting('3', 200))
    await world.addTask('b-small', lasting('1', 200))
    expect(['b-beside', 'b-large', 'b-small'].map(world.nodeOf)).toEqual(['n2', undefined, undefined])
    await world.addTask('a-manual', { ...cpu('1'), nodeName: 'elsewhere' })
    expect(['a-head', 'b-small'].map(world.nodeOf)).toEqual([undefined, 'n1'])
    await end(world, 'b-running')
    expect(['a-head', 'b-large'].map(world.nodeOf)).toEqual([undefined, 'n1'])
  })

  test('who waited behind one passes when an earlier one waits elsewhere, and a place that is taken is found again', async () => {
    const world = await busyCluster()
    await world.addNode('n2', { cpu: 6 })
    await world.addTask('running2', lasting('6', 300, { nodeName: 'n2' }))
    await world.addTask('head', lasting('4', 10))
    await world.addTask('long', lasting('1', 200))
    expect(world.nodeOf('long')).toBeUndefined()
    await world.addTask('earlier', lasting('6', 10, { priority: 5 }))
    expect(['head', 'earlier', 'long'].map(world.nodeOf)).toEqual([undefined, undefined, 'n1'])
    await end(world, 'long')
    await end(world, 'earlier')
    await world.addTask('urgent', lasting('500m', 200, { priority: 9 }))
    // Without the urgent one the first would have room after 100 seconds.
    await world.addTask('behind', lasting('500m', 150))
    expect(['urgent', 'behind'].map(world.nodeOf)).toEqual(['n1', 'n1'])
  })

  test('one that starts later than it was bound ends later, and others have time until then', async () => {
    const world = await busyCluster()
    await world.addTask('head', lasting('4', 10))
    await world.addTask('short', lasting('1', 120))
    expect(world.nodeOf('short')).toBeUndefined()
    const startTime = new Date(world.env.clock.now() + 30_000).toISOString()
    await world.env.run(() =>
      world.store.modifyStatus(Task, { namespace, name: 'running' }, draft => {
        draft.status = { ...draft.status, startTime }
      }),
    )
    await world.env.settle()
    expect(world.nodeOf('short')).toBe('n1')
  })

  test('a function of the caller that throws keeps no room from others', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 4 })
    const throwing = (task: Task) => {
      if (task.spec.command !== undefined && task.spec.nodeName === undefined) throw new Error('no idea')
      return undefined
    }
    await run(world, { backfill: { runtimeMsOf: throwing } })
    await world.addTask('first', lasting('4', 1))
    await end(world, 'first')
    await world.addTask('other', cpu('4'))
    expect(world.nodeOf('other')).toBe('n1')
  })

  test('times that are none, and options that are not known, are refused', () => {
    for (const backfill of [{ runtimeMsOf, waitMs: -1 }, { runtimeMsOf, wait: 1 } as BackfillPolicy])
      expect(() => createSchedulingController({ backfill })).toThrow(/wait/)
  })

  const job = fc.record({
    amount: fc.constantFrom(1, 1, 3, 4),
    seconds: fc.integer({ min: 1, max: 40 }),
    waitS: fc.nat(3),
  })

  test('law: who was promised a time has a node by then, when all end as expected', async () => {
    let promises = 0
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 10, maxLength: 14 }), async jobs => {
        const world = createCluster()
        for (const name of ['n1', 'n2']) await world.addNode(name, { cpu: 4 })
        await run(world, { backfill: { runtimeMsOf }, retryDelayMs: 0 })
        const boundAtMs = new Map<string, number>()
        const promised = new Map<string, number>()
        world.store.watch(Task).on(({ events }) => {
          for (const { object } of events) {
            const { name } = object.metadata
            const [, head, time] =
              /might delay default\/(\S+), .* room at (.*)\.$/.exec(world.scheduled(name)) ?? []
            if (head !== undefined && time !== undefined && !boundAtMs.has(head))
              promised.set(head, Math.min(promised.get(head) ?? Infinity, Date.parse(time)))
            if (object.spec.nodeName === undefined || boundAtMs.has(name)) continue
            boundAtMs.set(name, world.env.clock.now())
            world.env.clock.after(
              runtimeMsOf(object) ?? 0,
              () => void world.store.delete(Task, { namespace, name }),
            )
          }
        })
        for (const [at, { amount, seconds, waitS }] of jobs.entries()) {
          // In the order of their names, as several are created in one second.
          await world.addTask(`t${String(at).padStart(2, '0')}`, lasting(`${amount}`, seconds))
          await world.env.advance(waitS * 1_000)
        }
        await world.env.advance(600_000)
        expect(boundAtMs.size).toBe(jobs.length)
        for (const [name, atMs] of promised) {
          promises++
          // Times of objects are whole seconds.
          expect(boundAtMs.get(name)).toBeLessThanOrEqual(atMs + 1_000)
        }
      }),
      { numRuns: 12, seed: 5 },
    )
    expect(promises).toBeGreaterThan(2)
  })
})
