import { expect, test } from 'vitest'
import type { LocalTask } from '../../src/workloads/index.js'
import { nextTaskStep } from '../../src/workloads/index.js'
import type { TaskShape } from './fixtures/objects.js'
import { task } from './fixtures/objects.js'

const running: LocalTask = { kind: 'running', running: { address: '127.0.0.1', ports: [] }, startedAtMs: 1 }
const exited: LocalTask = { kind: 'exited', exit: { uid: 'uid-t', exitCode: 1, message: 'exit code 1' } }
const locals = {
  none: undefined,
  starting: { kind: 'starting' },
  stopping: { kind: 'stopping', startedAtMs: 1 },
  running,
  exited,
  stopped: { ...exited, isStopped: true },
} as const

const shapes = {
  gone: undefined,
  fresh: { name: 't' },
  reported: { name: 't', phase: 'Running' },
  finished: { name: 't', phase: 'Failed' },
  deleted: { name: 't', phase: 'Running', deleting: true },
  over: { name: 't', phase: 'Failed', deleting: true },
} satisfies Record<string, TaskShape | undefined>

/** The whole table: what the store says (rows) against what the node knows (columns). */
const table: Record<keyof typeof shapes, Record<keyof typeof locals, string>> = {
  gone: {
    none: 'none',
    starting: 'none',
    running: 'stop',
    stopping: 'none',
    exited: 'forget',
    stopped: 'forget',
  },
  fresh: {
    none: 'start',
    starting: 'none',
    running: 'report-running',
    stopping: 'none',
    exited: 'report-exit',
    stopped: 'report-exit',
  },
  reported: {
    none: 'report-lost',
    starting: 'none',
    running: 'report-running',
    stopping: 'none',
    exited: 'report-exit',
    stopped: 'report-exit',
  },
  finished: {
    none: 'none',
    starting: 'none',
    running: 'stop',
    stopping: 'none',
    exited: 'none',
    stopped: 'none',
  },
  // What ended by itself is told, although nobody wants it any more; what was asked to stop says nothing.
  deleted: {
    none: 'release',
    starting: 'none',
    running: 'stop',
    stopping: 'none',
    exited: 'report-exit',
    stopped: 'release',
  },
  over: {
    none: 'release',
    starting: 'none',
    running: 'stop',
    stopping: 'none',
    exited: 'release',
    stopped: 'release',
  },
}

const rows = Object.entries(table).flatMap(([object, columns]) =>
  Object.entries(columns).map(([local, step]) => ({ object, local, step })),
)

test.each(rows)('object $object, process $local: $step', ({ object, local, step }) => {
  const shape = shapes[object as keyof typeof shapes]
  const known = shape === undefined ? undefined : task(shape)
  expect(nextTaskStep(known, locals[local as keyof typeof locals]).kind).toBe(step)
})

type ObjectState = keyof typeof shapes
type LocalState = keyof typeof locals
interface Pair {
  readonly object: ObjectState
  readonly local: LocalState
}

/** What carrying the step out makes of both. */
function carriedOut({ object, local }: Pair): Pair {
  switch (table[object][local]) {
    case 'start':
      return { object, local: 'starting' }
    case 'stop':
      return { object, local: 'stopping' }
    case 'report-running':
      return { object: 'reported', local }
    case 'report-exit':
    case 'report-lost':
      return { object: object === 'deleted' ? 'over' : 'finished', local }
    case 'release':
      return { object: 'gone', local: 'none' }
    case 'forget':
      return { object, local: 'none' }
    default:
      return { object, local }
  }
}

/** What the process may come to by itself. */
const processes: Partial<Record<LocalState, readonly LocalState[]>> = {
  starting: ['running', 'exited'],
  running: ['exited'],
  stopping: ['stopped'],
}
/** What people and other loops may do to the object. */
const others: Partial<Record<ObjectState, readonly ObjectState[]>> = {
  fresh: ['deleted', 'gone'],
  reported: ['deleted', 'gone'],
  finished: ['over', 'gone'],
  deleted: ['gone'],
  over: ['gone'],
}
/** An object never goes back from one of these to one before it. */
const order: readonly ObjectState[] = ['fresh', 'reported', 'deleted', 'finished', 'over', 'gone']

function following({ object, local }: Pair): readonly Pair[] {
  return [
    carriedOut({ object, local }),
    ...(processes[local] ?? []).map(next => ({ object, local: next })),
    ...(others[object] ?? []).map(next => ({ object: next, local })),
    // The node agent dies, and with it what it knows.
    { object, local: 'none' },
  ]
}

/** Every state that can be come to. */
function reachable(): readonly Pair[] {
  const found = new Map<string, Pair>()
  const open: Pair[] = [{ object: 'fresh', local: 'none' }]
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const key = `${pair.object} ${pair.local}`
    if (found.has(key)) continue
    found.set(key, pair)
    open.push(...following(pair))
  }
  return [...found.values()]
}

test('a task only moves forward, ends once, and starts no process when it has ended or is to go', () => {
  for (const pair of reachable()) {
    const step = table[pair.object][pair.local]
    const isBefore = order.indexOf(pair.object) < order.indexOf('deleted')
    if (step === 'start') expect(pair).toEqual({ object: 'fresh', local: 'none' })
    if (step === 'report-running' || step === 'report-lost') expect(isBefore).toBe(true)
    if (step === 'report-exit') expect(['fresh', 'reported', 'deleted']).toContain(pair.object)
    for (const next of following(pair))
      expect(order.indexOf(next.object)).toBeGreaterThanOrEqual(order.indexOf(pair.object))
  }
})

test('what nobody touches any more comes to rest, and what is to go goes when its process has stopped', () => {
  for (const first of reachable()) {
    let pair = first
    for (let move = 0; move < 12; move += 1) {
      const next = carriedOut(pair)
      const isIdle = next.object === pair.object && next.local === pair.local
      const [process] = processes[pair.local] ?? []
      pair = isIdle && process !== undefined ? { object: pair.object, local: process } : next
    }
    expect(carriedOut(pair)).toEqual(pair)
    const isLeaving = ['deleted', 'over', 'gone'].includes(first.object)
    expect(pair.object).toBe(isLeaving ? 'gone' : 'finished')
    if (isLeaving) expect(pair.local).toBe('none')
  }
})
