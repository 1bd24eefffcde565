import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { QueuedRequest, Scheduler } from '../../src/scheduling/index.js'
import {
  compareDeadlines,
  createScheduler,
  packProfile,
  placeGang,
  schedulePass,
} from '../../src/scheduling/index.js'

function cluster(
  nodes: readonly number[],
  running: readonly (readonly [node: string, cpu: number, endsAtMs: number])[],
) {
  const scheduler = createScheduler({ profile: packProfile() })
  for (const [index, cpu] of nodes.entries()) scheduler.addNode({ name: `n${index}`, allocatable: { cpu } })
  const ends = new Map<string, number>()
  for (const [index, [node, cpu, endsAtMs]] of running.entries()) {
    scheduler.addTask({ key: `r${index}`, node, requests: { cpu } })
    ends.set(`r${index}`, endsAtMs)
  }
  return { scheduler, endsAtMs: ({ key }: { readonly key: string }) => ends.get(key) }
}

const queued = (key: string, cpu: number, more: Partial<QueuedRequest> = {}): QueuedRequest => ({
  request: { key, requests: { cpu } },
  createdAtMs: 0,
  ...more,
})

describe('backfill behind a reservation', () => {
  test('who is gone in time overtakes, who might delay the first waits and is told for whom and until when', () => {
    const { scheduler, endsAtMs } = cluster([4], [['n0', 3, 100]])
    const queue = [
      queued('head', 4),
      queued('short', 1, { createdAtMs: 1, runtimeMs: 100 }),
      queued('long', 1, { createdAtMs: 2, runtimeMs: 101 }),
      queued('unknown', 1, { createdAtMs: 3 }),
    ]
    const { placed, waiting } = schedulePass(scheduler, queue, {
      order: 'reserve',
      reserve: { nowMs: 0, endsAtMs },
    })
    expect([...placed]).toEqual([['short', 'n0']])
    expect(waiting.get('head')).toMatchObject({ kind: 'unschedulable' })
    expect(waiting.get('unknown')).toMatchObject({ kind: 'unschedulable' })
  })

  test('who runs longer overtakes where it leaves the place of the first as it is', () => {
    const { scheduler, endsAtMs } = cluster([4, 2], [['n0', 3, 100]])
    const queue = [
      queued('head', 4),
      queued('beside', 2, { createdAtMs: 1 }),
      queued('in-the-way', 1, { createdAtMs: 2 }),
    ]
    const { placed, waiting } = schedulePass(scheduler, queue, {
      order: 'reserve',
      reserve: { nowMs: 0, endsAtMs },
    })
    expect([...placed]).toEqual([['beside', 'n1']])
    expect(waiting.get('in-the-way')).toEqual({ kind: 'reserved', key: 'head', atMs: 100 })
  })

  const setup = fc.record({
    nodes: fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 1, maxLength: 3 }),
    running: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 50 })), {
      maxLength: 6,
    }),
    waiting: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 60 })), {
      minLength: 2,
      maxLength: 7,
    }),
    gang: fc.integer({ min: 1, max: 3 }),
  })

  test('law: at the time that was kept for it, the first gang has its place, whoever has overtaken it', () => {
    let kept = 0
    fc.assert(
      fc.property(setup, ({ nodes, running, waiting, gang }) => {
        const placed = running.map(([at, cpu, ends]) => [`n${at % nodes.length}`, cpu, ends] as const)
        const { scheduler, endsAtMs } = cluster(nodes, placed)
        const head = Array.from({ length: gang }, (_, at) => queued(`g${at}`, 2, { gang: 'head' }))
        const others = waiting.map(([cpu, runtimeMs], at) =>
          queued(`w${at}`, cpu, { createdAtMs: at + 1, runtimeMs }),
        )
        const result = schedulePass(scheduler, [...head, ...others], {
          order: 'reserve',
          reserve: { nowMs: 0, endsAtMs },
          minMembers: () => gang,
        })
        const why = [...result.waiting.values()].find(({ kind }) => kind === 'reserved')
        if (why?.kind !== 'reserved' || why.key !== 'head' || !Number.isFinite(why.atMs)) return
        kept++
        const ends = new Map(waiting.map(([, runtimeMs], at) => [`w${at}`, runtimeMs]))
        const future = scheduler.fork()
        for (const { name } of future.nodes())
          for (const task of future.tasksOn(name))
            if ((endsAtMs(task) ?? ends.get(task.key) ?? Number.POSITIVE_INFINITY) <= why.atMs)
              future.removeTask(task.key)
        const members = head.map(({ request }) => request)
        expect(placeGang(future, { name: 'head', members, min: gang }).kind).toBe('placed')
      }),
      { numRuns: 300, seed: 7 },
    )
    expect(kept).toBeGreaterThan(20)
  })

  test('what is expected must be given, and only then', () => {
    const reserve = { nowMs: 0, endsAtMs: () => undefined }
    expect(() => schedulePass(createScheduler(), [], { order: 'reserve' })).toThrow(/reserve/)
    expect(() => schedulePass(createScheduler(), [], { reserve })).toThrow(/reserve/)
  })
})

describe('the order of a queue', () => {
  const room = (cpu: number): Scheduler => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: { cpu } })
    return scheduler
  }

  test('the earliest deadline first, those without one last', () => {
    const queue = [
      queued('whenever', 1),
      queued('late', 1, { deadlineMs: 9 }),
      queued('soon', 1, { deadlineMs: 3 }),
    ]
    expect([...schedulePass(room(2), queue, { compare: compareDeadlines }).placed.keys()]).toEqual([
      'soon',
      'late',
    ])
  })

  test.each([
    ['equal weights', {}, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2']],
    ['one counts double', { a: 2 }, ['a0', 'b0', 'a1', 'a2', 'b1', 'a3']],
  ])('fair share: queues take turns by what they have, %s', (_name, weights, expected) => {
    const queue = ['a', 'b'].flatMap(name => Array.from({ length: 6 }, (_, at) => queued(`${name}${at}`, 1)))
    const queueOf = ({ key }: { readonly key: string }) => key[0]
    const fairShare = { capacity: { cpu: 6 }, weights }
    expect([...schedulePass(room(6), queue, { fairShare, queueOf }).placed.keys()]).toEqual(expected)
  })

  test('fair share: a queue may be called as what every object inherits', () => {
    const names = ['constructor', 'other']
    const queue = names.flatMap(name => Array.from({ length: 3 }, (_, at) => queued(`${name} ${at}`, 1)))
    const queueOf = ({ key }: { readonly key: string }) => key.split(' ')[0]
    const { placed } = schedulePass(room(4), queue, { fairShare: { capacity: { cpu: 4 } }, queueOf })
    expect([...placed.keys()]).toEqual(['constructor 0', 'other 0', 'constructor 1', 'other 1'])
  })

  test('fair share: who has much already waits until the others have as much', () => {
    const queue = [queued('a0', 1), queued('b0', 1), queued('b1', 1), queued('b2', 1)]
    const fairShare = { capacity: { cpu: 6 }, used: { a: { cpu: 2 } } }
    const { placed } = schedulePass(room(3), queue, { fairShare, queueOf: ({ key }) => key[0] })
    expect([...placed.keys()]).toEqual(['b0', 'b1', 'a0'])
  })

  test('a weight that is none is refused by name', () => {
    const fairShare = { capacity: {}, weights: { a: 0 } }
    expect(() => schedulePass(createScheduler(), [], { fairShare })).toThrow(/weights\.a/)
  })

  test('a gang is placed with all that it needs, or waits whole and holds nothing', () => {
    const queue = ['x', 'y', 'z'].map(key => queued(key, 1, { gang: 'g' }))
    const short = schedulePass(room(2), queue, { minMembers: () => 3 })
    expect([...short.placed]).toEqual([])
    expect(short.waiting.get('x')).toMatchObject({ kind: 'gang', gang: 'g', fit: 2, short: 1 })
    const enough = schedulePass(room(2), queue, { minMembers: () => 2 })
    expect([[...enough.placed.keys()], [...enough.waiting.keys()]]).toEqual([['x', 'y'], ['z']])
  })
})
