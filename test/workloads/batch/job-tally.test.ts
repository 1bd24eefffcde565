import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Task } from '../../../src/api/index.js'
import { JOB_INDEX_ANNOTATION } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { JobTally } from '../../../src/workloads/batch/job-tally.js'
import { JOB_FINALIZER } from '../../../src/workloads/batch/job-tasks.js'
import { NODE_FINALIZER } from '../fixtures/job-play.js'
import { task } from '../fixtures/objects.js'

const STATES = ['active', 'terminating', 'ended', 'lost', 'counted', 'foreign'] as const

/** A task in any state that one can be in, under one of few names. */
const tasks: fc.Arbitrary<Task> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    index: fc.option(fc.constantFrom('0', '1', '2', 'x'), { nil: undefined }),
    phase: fc.option(fc.constantFrom('Running' as const, 'Succeeded' as const, 'Failed' as const), {
      nil: undefined,
    }),
    finalizers: fc.subarray([JOB_FINALIZER, NODE_FINALIZER]),
    isDeleted: fc.boolean(),
    isReady: fc.boolean(),
    isOwn: fc.boolean(),
  })
  .map(({ name, index, phase, finalizers, isDeleted, isReady, isOwn }) => {
    const annotations = index === undefined ? {} : { [JOB_INDEX_ANNOTATION]: index }
    const made = task({ name, annotations })
    const ready = { type: 'Ready', status: isReady ? 'True' : 'False', reason: 'R', message: '' } as const
    return {
      ...made,
      metadata: {
        ...made.metadata,
        finalizers,
        labels: isOwn ? {} : { foreign: 'true' },
        ...(isDeleted ? { deletionTimestamp: formatTime(0) } : {}),
      },
      status: {
        ...(phase === undefined ? {} : { phase }),
        conditions: [{ ...ready, lastTransitionTime: formatTime(0) }],
      },
    }
  })

const isOwn = ({ metadata }: Task): boolean => metadata.labels['foreign'] === undefined

/** All that a plan asks. */
function shown(tally: JobTally): unknown {
  return [
    STATES.map(state => [tally.count(state), tally.of(state).map(({ metadata }) => metadata.name)]),
    tally.ready,
    [...tally.held].sort(([a], [b]) => a - b),
    tally.hasDoubles,
  ]
}

test('a tally that is kept up to date is one that counts everything, in whatever order the tasks come', () => {
  const looks = fc.array(fc.uniqueArray(tasks, { selector: one => one.metadata.name }), { maxLength: 6 })
  fc.assert(
    fc.property(looks, fc.infiniteStream(fc.nat(5)), (lists, picks) => {
      const kept = new JobTally(isOwn)
      let before: readonly Task[] = []
      for (const list of lists) {
        // Some stay the objects that they were.
        const now = list.map(one => {
          const known = before.find(({ metadata }) => metadata.name === one.metadata.name)
          const [pick = 0] = [...picks.take(1)]
          return known !== undefined && pick > 1 ? known : one
        })
        expect(shown(kept.update(now))).toEqual(shown(new JobTally(isOwn).update(now)))
        before = now
      }
    }),
    { numRuns: 200 },
  )
})

test('what has not changed is not looked into again', () => {
  const asked: string[] = []
  const tally = new JobTally(one => asked.push(one.metadata.name) > 0)
  const [a, b, c] = ['a', 'b', 'c'].map(name => task({ name })) as [Task, Task, Task]
  tally.update([a, b, c])
  const other = { ...b, status: { phase: 'Succeeded' as const } }
  tally.update([a, other, c, task({ name: 'd' })])
  tally.update([a, c])
  expect(asked).toEqual(['a', 'b', 'c', 'b', 'd'])
})
