import { describe, expect, test } from 'vitest'
import type { Cell } from '../../../src/api/index.js'
import { TEMPLATE_HASH_LABEL } from '../../../src/api/index.js'
import { planCellTask } from '../../../src/workloads/sets/index.js'
import type { TaskShape } from '../fixtures/objects.js'
import { task } from '../fixtures/objects.js'

const NOW_MS = 100_000
const backoff = { baseMs: 1_000, maxMs: 900_000 }

/** A task of the revision that the cell asks for is `new`, of any other `old`. */
function taskOf(revision: 'old' | 'new', shape: TaskShape): ReturnType<typeof task> {
  const one = task({ node: 'n', phase: 'Running', readySinceMs: 0, ...shape })
  return { ...one, metadata: { ...one.metadata, labels: { [TEMPLATE_HASH_LABEL]: revision } } }
}

const young = { name: 'young', createdMs: 50_000 }
const unready = { ready: 'False' } as const

describe('the task of a cell', () => {
  test.each<{
    what: string
    tasks: readonly ReturnType<typeof task>[]
    spec?: Partial<Cell['spec']>
    remove?: readonly string[]
    create?: boolean
  }>([
    { what: 'one is missing: it is made', tasks: [], create: true },
    {
      what: 'of two the older stays, also when it is not ready',
      tasks: [taskOf('new', young), taskOf('new', { name: 'aged', ...unready })],
      remove: ['young'],
    },
    {
      what: 'one that has succeeded goes as one that has failed: the next comes after a pause',
      tasks: [taskOf('new', { name: 'done', phase: 'Succeeded' })],
      remove: ['done'],
    },
    {
      what: 'one that is on its way out holds the place',
      tasks: [taskOf('new', { name: 'leaving', deleting: true })],
    },
    { what: 'one of an old revision goes first', tasks: [taskOf('old', young)], remove: ['young'] },
    {
      what: 'with a surge it stays, and the new one is made beside it',
      spec: { surge: true },
      tasks: [taskOf('old', young)],
      create: true,
    },
    {
      what: 'with a surge it stays until the new one is available',
      spec: { surge: true, minReadySeconds: 10 },
      tasks: [taskOf('old', young), taskOf('new', { name: 'next', readySinceMs: NOW_MS - 9_999 })],
    },
    {
      what: 'and goes when that is',
      spec: { surge: true, minReadySeconds: 10 },
      tasks: [taskOf('old', young), taskOf('new', { name: 'next', readySinceMs: NOW_MS - 10_000 })],
      remove: ['young'],
    },
    {
      what: 'with a surge an old one that is not available does not stay',
      spec: { surge: true },
      tasks: [taskOf('old', { ...young, ...unready }), taskOf('new', { name: 'next', ...unready })],
      remove: ['young'],
    },
    {
      what: 'with a surge of three the oldest of each revision stay',
      spec: { surge: true },
      tasks: [
        taskOf('old', { name: 'aged' }),
        taskOf('old', young),
        taskOf('new', { name: 'next', createdMs: 60_000, ...unready }),
        taskOf('new', { name: 'twin', createdMs: 70_000 }),
      ],
      remove: ['twin', 'young'],
    },
    {
      what: 'a cell that is held loses none',
      spec: { held: true },
      tasks: [taskOf('old', young)],
    },
  ])('$what', ({ tasks, spec = {}, remove = [], create = false }) => {
    const cell = { spec: { set: 'web', key: '0', revision: 'new', ...spec } }
    for (const order of [tasks, [...tasks].reverse()]) {
      const plan = planCellTask(cell, order, backoff, NOW_MS)
      expect([plan.remove.map(({ metadata }) => metadata.name).sort(), plan.create]).toEqual([remove, create])
    }
  })
})
