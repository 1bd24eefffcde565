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
