import { describe, expect, test } from 'vitest'
import type { AllocatorOptions, TraceReplay } from '../../src/offers/index.js'
import {
  AllocatorTrace,
  createAllocator,
  replayTrace,
  resources,
  restoreAllocator,
} from '../../src/offers/index.js'
import { runRandomPool } from './random-pool.js'

const INSERTION: AllocatorOptions = { visit: 'insertion' }

/** As it is when it comes out of a file. */
function parsed(trace: AllocatorTrace): readonly unknown[] {
  return trace.take().map(entry => JSON.parse(JSON.stringify(entry)) as unknown)
}

function webOn(allocator: ReturnType<typeof createAllocator>): void {
  allocator.apply(
    { type: 'agent', agent: { id: 'a1', resources: resources('cpus:4;mem:64') } },
    { type: 'framework', id: 'web', roles: [{ role: 'prod' }] },
  )
}

describe('the trace of a pool', () => {
  test.each([1, 2, 3])('comes to the same allocator again, whatever happened; seed %i', async seed => {
    const trace = new AllocatorTrace()
    const { world } = await runRandomPool(seed, 60, { trace })
    const entries = parsed(trace)
    expect(entries.length).toBeGreaterThan(60)
    const replay = replayTrace(entries, INSERTION)
    expect(replay).toMatchObject({ replayed: entries.length })
    expect(replay.difference).toBeUndefined()
    expect(replay.allocator.snapshot()).toEqual(world.pool.allocator.snapshot())
  })

  test('shows where other options begin to matter, and the allocator of that moment tells why', async () => {
    const trace = new AllocatorTrace()
    await runRandomPool(1, 20, { trace })
    const entries = parsed(trace)
    const { difference, allocator, replayed } = replayTrace(entries, {
      ...INSERTION,
      minAllocatable: [{ cpus: 100 }],
    })
    expect(difference?.index).toBe(replayed)
    expect(entries[replayed]).toMatchObject({ call: 'run' })
    expect([difference?.recorded === '[]', difference?.now]).toEqual([false, '[]'])
    expect(allocator.explain({ framework: 'f0' }).verdict).toBe('tooSmall')
  })
})

describe('a trace', () => {
  test('has no calls that were refused, or changed nothing', () => {
    const trace = new AllocatorTrace()
    const allocator = createAllocator({ trace })
    webOn(allocator)
    expect(() => allocator.apply({ type: 'agentGone', id: 'a9' })).toThrow('agent')
    allocator.claim({ framework: 'web', role: 'prod', agent: 'a1', resources: resources('cpus:64') })
    allocator.run(0)
    allocator.run(0)
    allocator.fork().apply({ type: 'agentGone', id: 'a1' })
    expect(trace.size).toBe(4)
    expect(trace.take().map(({ call }) => call)).toEqual(['start', 'apply', 'apply', 'run'])
    expect(trace.take()).toEqual([])
  })

  test('of an allocator that was restored begins with its snapshot; of several, the last is answered', () => {
    const trace = new AllocatorTrace()
    webOn(createAllocator({ trace }))
    const first = createAllocator()
    webOn(first)
    first.run(0)
    const restored = restoreAllocator(first.snapshot(), { trace })
    restored.apply({ type: 'frameworkState', id: 'web', active: false })
    expect(replayTrace(parsed(trace)).allocator.snapshot()).toEqual(restored.snapshot())
  })

  test('that was not taken in time ends, says so, and is not replayed beyond', () => {
    const trace = new AllocatorTrace({ entriesMax: 3 })
    const allocator = createAllocator({ trace })
    webOn(allocator)
    allocator.run(0)
    allocator.apply({ type: 'revive', framework: 'web' })
    const entries = parsed(trace)
    expect(entries.at(-1)).toEqual({ call: 'omitted', calls: 2 })
    allocator.apply({ type: 'revive', framework: 'web' })
    expect(trace.take()).toEqual([{ call: 'omitted', calls: 3 }])
    expect(() => replayTrace(entries)).toThrow('[3]: calls were omitted here')
  })

  test('with an event that is refused now differs there', () => {
    const trace = new AllocatorTrace()
    webOn(createAllocator({ trace }))
    const entries = parsed(trace).toSpliced(1, 1)
    const gone = { call: 'apply', event: { type: 'agentGone', id: 'a1' } }
    const { difference } = replayTrace([...entries, gone]) as Required<TraceReplay>
    expect(difference).toMatchObject({ index: 2, recorded: '' })
    expect(difference.now).toContain('must be a known agent')
  })

  test.each<readonly [string, readonly unknown[], string]>([
    ['is no object', [7], '[0]: must be an object with a call'],
    [
      'has a call that is not known',
      [{ call: 'start' }, { call: 'think' }],
      '[1].call: must be one of start',
    ],
    [
      'lacks a field',
      [{ call: 'start' }, { call: 'run', nowMs: 0, scope: 'all' }],
      '[1].grants: must be there',
    ],
    [
      'cannot be performed',
      [{ call: 'start' }, { call: 'apply', event: { type: 'agent' } }],
      '[1]: cannot be performed',
    ],
    ['is not the beginning', [{ call: 'apply', event: {} }], '[0].call: must be start'],
  ])('with an entry that %s is refused by its place', (_name, entries, message) => {
    expect(() => replayTrace(entries)).toThrow(message)
  })

  test('takes no bound below 1, and an allocator no trace that is none', () => {
    expect(() => new AllocatorTrace({ entriesMax: 0 })).toThrow('entriesMax')
    expect(() => createAllocator({ trace: {} as AllocatorTrace })).toThrow('must be an AllocatorTrace')
  })
})
