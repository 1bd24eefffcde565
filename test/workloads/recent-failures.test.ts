import { describe, expect, test } from 'vitest'
import type { Task } from '../../src/api/index.js'
import { formatTime } from '../../src/core/index.js'
import type { RecentFailures } from '../../src/workloads/recent-failures.js'
import { noteFailures } from '../../src/workloads/recent-failures.js'

const ended = (name: string, finishedMs: number, phase: 'Failed' | 'Succeeded' = 'Failed'): Task =>
  ({
    metadata: { name, uid: name, creationTimestamp: formatTime(0), finalizers: [] },
    status: { phase, finishTime: formatTime(finishedMs) },
  }) as unknown as Task
const uids = (failures: RecentFailures | undefined) => failures?.map(({ uid }) => uid)

describe('recent failures', () => {
  test('are told once, at the time of the controller, in the order in which they ended', () => {
    const tasks = [ended('b', 9_000), ended('a', 8_000, 'Succeeded')]
    const first = noteFailures(undefined, tasks, new Set(), 10_000)
    expect(first).toEqual([
      { uid: 'a', time: formatTime(10_000), cause: 'exit' },
      { uid: 'b', time: formatTime(10_000), cause: 'crash' },
    ])
    expect(noteFailures(first, tasks, new Set(), 20_000)).toBe(first)
    expect(uids(noteFailures(first, [...tasks, ended('c', 1)], new Set(), 20_000))).toEqual(['a', 'b', 'c'])
  })

  test('before the first are absent', () => {
    expect(noteFailures(undefined, [], new Set(), 0)).toBeUndefined()
  })

  test('are all of those that stay, and the newest 50 of the others', () => {
    const many = Array.from({ length: 200 }, (_, index) => ended(`t${index}`, index))
    const staying = many.slice(0, 3)
    const kept = noteFailures(undefined, many, new Set(many.slice(3)), 1_000)
    expect(uids(kept)).toEqual(['t0', 't1', 't2', ...many.slice(150).map(({ metadata }) => metadata.uid)])
    // What is still there is not told a second time.
    expect(noteFailures(kept, staying, new Set(), 2_000)).toBe(kept)
    expect(uids(noteFailures(kept, [], new Set(), 2_000))).toHaveLength(50)
  })
})
