import { expect, test } from 'vitest'
import { scaleDownOrder } from '../../src/workloads/scale-down-order.js'
import type { TaskShape } from './fixtures/objects.js'
import { task } from './fixtures/objects.js'

const better: TaskShape = { name: 'b', node: 'n1', phase: 'Running', readySinceMs: 1000, createdMs: 0 }

test.each<{ law: string; first: TaskShape; then: TaskShape }>([
  { law: 'an unassigned task', first: { name: 'z' }, then: { ...better, phase: 'Pending' } },
  { law: 'a pending task', first: { ...better, name: 'z', phase: 'Pending' }, then: better },
  { law: 'a task that is not ready', first: { name: 'z', node: 'n1', phase: 'Running' }, then: better },
  {
    law: 'the task that became ready last',
    first: { ...better, name: 'z', readySinceMs: 5000 },
    then: better,
  },
  { law: 'the newest task', first: { ...better, name: 'z', createdMs: 5000 }, then: better },
  { law: 'the first by name', first: { ...better, name: 'a' }, then: better },
])('$law goes first', ({ first, then }) => {
  for (const order of [
    [first, then],
    [then, first],
  ]) {
    expect(scaleDownOrder(order.map(task))[0]?.metadata.name).toBe(first.name)
  }
})

test('the fullest node gives up a task first', () => {
  const tasks = [
    task({ ...better, name: 'alone', node: 'n2', createdMs: 9000 }),
    task({ ...better, name: 'one', node: 'n1' }),
    task({ ...better, name: 'two', node: 'n1' }),
  ]
  expect(scaleDownOrder(tasks).map(t => t.metadata.name)).toEqual(['one', 'two', 'alone'])
})

test('a task that is not available yet goes before one that is, wherever they are', () => {
  const tasks = [
    task({ ...better, name: 'old', node: 'n1', readySinceMs: 1_000 }),
    task({ ...better, name: 'older', node: 'n1', readySinceMs: 0 }),
    task({ ...better, name: 'young', node: 'n2', readySinceMs: 9_000 }),
  ]
  expect(scaleDownOrder(tasks).map(t => t.metadata.name)).toEqual(['old', 'older', 'young'])
  expect(scaleDownOrder(tasks, 8_999).map(t => t.metadata.name)).toEqual(['young', 'old', 'older'])
})
