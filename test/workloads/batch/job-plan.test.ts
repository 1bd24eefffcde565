import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JobSpec } from '../../../src/api/index.js'
import { IndexRanges } from '../../../src/core/internal.js'
import { JOB_FINALIZER } from '../../../src/workloads/batch/job-tasks.js'
import { indexesOf, JobPlay } from '../fixtures/job-play.js'
import { task } from '../fixtures/objects.js'

const indexed = { completionMode: 'Indexed' } as const

/** Ends whatever is active as `outcome` says, until the job has ended. */
function run(play: JobPlay, outcome: (index: number) => 'Succeeded' | 'Failed', rounds = 200): JobPlay {
  for (let round = 0; round < rounds; round += 1) {
    play.settle()
    if (play.conditions.some(type => type === 'Complete' || type === 'Failed')) return play
    const { active } = play
    for (const [at, task] of active.entries()) play.end(task, outcome(indexesOf(active)[at] ?? 0))
    if (active.length === 0 && !play.wake()) throw new Error('the job waits for nothing')
  }
  throw new Error('the job does not end')
}

describe('how many tasks a failing job makes', () => {
  test.each([
    { backoffLimit: 3, parallelism: 2, completions: 2, tasks: 4 },
    { backoffLimit: 10, parallelism: 10, completions: 10, tasks: 20 },
    { backoffLimit: 0, parallelism: 1, completions: 1, tasks: 1 },
    { backoffLimit: 0, parallelism: 1, completions: 1, restartPolicy: 'OnFailure', tasks: 1 },
    { backoffLimit: 2, parallelism: 1, completions: 1, restartPolicy: 'OnFailure', tasks: 2 },
  ] as const)('$backoffLimit, $parallelism at once: $tasks', ({ tasks, ...spec }) => {
    const play = run(new JobPlay(spec), () => 'Failed')
    expect([play.made, play.status?.failed]).toEqual([tasks, tasks])
    expect(play.reasonOf('Failed')).toBe('BackoffLimitExceeded')
  })

  test('successes between failures do not forgive them: limit 2, F S F S F fails at the third', () => {
    const play = new JobPlay({ backoffLimit: 2, completions: 10 })
    const ends = 'FSFSF'
      .split('')
      .map(letter => (letter === 'F' ? 'Failed' : 'Succeeded') as 'Failed' | 'Succeeded')
    for (const [at, phase] of ends.entries()) {
      while (play.active.length === 0) play.wake()
      for (const task of play.active) play.end(task, phase)
      play.settle()
      expect(play.conditions.includes('Failed')).toBe(at === 4)
    }
    expect(play.status).toMatchObject({ failed: 3, succeeded: 2, active: 0 })
  })

  test('never more than the limit and what runs beside', () => {
    const spec = fc.record({
      backoffLimit: fc.nat(6),
      parallelism: fc.integer({ min: 1, max: 5 }),
      completions: fc.integer({ min: 1, max: 8 }),
    })
    fc.assert(
      fc.property(spec, fc.infiniteStream(fc.nat(2)), (limits, fates) => {
        const play = new JobPlay(limits)
        let isOver = false
        for (let step = 0; step < 300 && !isOver; step += 1) {
          play.settle()
          isOver = play.conditions.some(type => type === 'Complete' || type === 'Failed')
          const [fate] = [...fates.take(1)]
          const [first] = play.active
          if (first === undefined) play.wake()
          else play.end(first, fate === 0 ? 'Succeeded' : 'Failed')
        }
        const { failed = 0, succeeded = 0 } = play.status ?? {}
        expect(isOver).toBe(true)
        expect(failed).toBeLessThanOrEqual(limits.backoffLimit + limits.parallelism)
        expect(play.conditions.includes('Complete')).toBe(succeeded === limits.completions)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a job that fails', () => {
  test('waits 10 s, then twice as long each time, ten minutes at most; a success ends the row', () => {
    const play = new JobPlay({ backoffLimit: 100, completions: 2 })
    const waits: number[] = []
    for (let round = 0; round < 9; round += 1) {
      play.settle()
      for (const task of play.active) play.end(task, 'Failed')
      const { blockers } = play.settle()
      expect([blockers, play.status?.active]).toMatchObject([[{ kind: 'backoff', missing: 1 }], 0])
      const failedMs = play.nowMs
      play.wake()
      waits.push((play.nowMs - failedMs) / 1000)
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600])
    for (const task of play.active) play.end(task, 'Succeeded')
    play.settle()
    expect([play.active.length, play.status?.backoff]).toEqual([1, undefined])
  })

  test('tells the true number of active tasks while it waits', () => {
    const play = new JobPlay({ parallelism: 3, completions: 9 })
    play.settle()
    play.end(play.active[0] ?? fail(), 'Failed')
    play.settle()
    expect(play.status).toMatchObject({ active: 2, failed: 1 })
  })

  test('fails at its deadline, and has failed when its last task has stopped', () => {
    const play = new JobPlay({ activeDeadlineSeconds: 60, completions: 1 })
    expect(play.settle().wakeAtMs).toBe(60_000)
    play.nowMs = 60_000
    const [task] = play.active
    play.delete(task ?? fail(), true)
    play.settle()
    expect(play.conditions).toEqual(['FailureTarget'])
    expect(play.status).toMatchObject({ terminating: 1, active: 0 })
    play.stopped(task ?? fail())
    play.settle()
    expect(play.conditions).toEqual(['FailureTarget', 'Failed'])
    expect([play.reasonOf('Failed'), play.made]).toEqual(['DeadlineExceeded', 1])
  })
})

describe('the failure policy', () => {
  const policy = (action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'): Partial<JobSpec> => ({
    podFailurePolicy: {
      rules: [
        { action, onExitCodes: { operator: 'In', values: [42] } },
        { action: 'Ignore', onPodConditions: [{ type: 'Disrupted' }] },
      ],
    },
  })
  const failWith = (play: JobPlay, exitCode: number): void => {
    while (play.active.length === 0) play.wake()
    play.end(play.active[0] ?? fail(), 'Failed', { exitCode })
    play.settle()
  }

  test('fails the job at once', () => {
    const play = new JobPlay({ ...policy('FailJob'), parallelism: 3, completions: 3 })
    play.settle()
    failWith(play, 42)
    expect([play.reasonOf('Failed'), play.active.length]).toEqual(['PodFailurePolicy', 0])
  })

  test('ignores a failure, which waits nevertheless', () => {
    const play = new JobPlay({ ...policy('Ignore'), backoffLimit: 0 })
    for (let round = 0; round < 5; round += 1) failWith(play, 42)
    expect(play.status).toMatchObject({ failed: 0, backoff: { failures: 5 } })
    failWith(play, 1)
    expect(play.reasonOf('Failed')).toBe('BackoffLimitExceeded')
  })

  test('ignores a failure of an index, which waits nevertheless', () => {
    const play = new JobPlay({ ...policy('Ignore'), ...indexed, completions: 1, backoffLimitPerIndex: 0 })
    for (let round = 0; round < 3; round += 1) failWith(play, 42)
    expect(play.status?.indexFailures).toMatchObject({ 0: { count: 0, ignored: 3 } })
    expect(play.settle().blockers).toMatchObject([{ kind: 'index-backoff', untilMs: play.nowMs + 40_000 }])
  })

  test('fails an index, and the others continue', () => {
    const play = new JobPlay({ ...policy('FailIndex'), ...indexed, completions: 3, backoffLimitPerIndex: 5 })
    failWith(play, 42)
    expect(play.status).toMatchObject({ failedIndexes: '0', active: 1 })
    run(play, () => 'Succeeded')
    expect([play.reasonOf('Failed'), play.status?.completedIndexes]).toEqual(['FailedIndexes', '1,2'])
  })

  test('the first rule that fits decides; what ended by a signal has no exit code', () => {
    const play = new JobPlay({ ...policy('FailJob'), backoffLimit: 9 })
    play.settle()
    const disrupted = {
      type: 'Disrupted',
      status: 'True',
      reason: 'R',
      message: '',
      lastTransitionTime: '',
    } as const
    play.end(play.active[0] ?? fail(), 'Failed', { conditions: [disrupted] })
    play.settle()
    expect(play.status).toMatchObject({ failed: 0 })
    failWith(play, 1)
    expect([play.status?.failed, play.conditions]).toEqual([1, []])
  })
})

describe('an indexed job', () => {
  test('one index that fails stops at its limit, the others complete', () => {
    const play = new JobPlay({ ...indexed, completions: 5, parallelism: 5, backoffLimitPerIndex: 1 })
    run(play, index => (index === 3 ? 'Failed' : 'Succeeded'))
    expect(play.status).toMatchObject({
      completedIndexes: '0-2,4',
      failedIndexes: '3',
      failed: 2,
      succeeded: 4,
    })
    expect([play.reasonOf('Failed'), play.made]).toEqual(['FailedIndexes', 6])
  })

  test('fails when too many indexes fail', () => {
    const spec = {
      ...indexed,
      completions: 100,
      parallelism: 1,
      backoffLimitPerIndex: 0,
      maxFailedIndexes: 2,
    }
    const play = run(new JobPlay(spec), () => 'Failed')
    expect([play.reasonOf('Failed'), play.made, play.status?.failedIndexes]).toEqual([
      'MaxFailedIndexesExceeded',
      3,
      '0-2',
    ])
  })

  test('only the index that failed waits', () => {
    const play = new JobPlay({ ...indexed, completions: 3, parallelism: 1, backoffLimitPerIndex: 3 })
    play.settle()
    play.end(play.active[0] ?? fail(), 'Failed')
    play.settle()
    expect(indexesOf(play.active)).toEqual([1])
    run(play, () => 'Succeeded')
    expect(play.status).toMatchObject({ completedIndexes: '0-2' })
    expect(play.nowMs).toBe(10_000)
    expect(play.conditions).toContain('Complete')
  })

  test.each<[string, Partial<JobSpec>, string]>([
    ['the leader has succeeded', { successPolicy: { rules: [{ succeededIndexes: '0' }] } }, '0'],
    [
      'two of three have',
      { successPolicy: { rules: [{ succeededIndexes: '1-3', succeededCount: 2 }] } },
      '0-2',
    ],
    ['so many have', { successPolicy: { rules: [{ succeededCount: 3 }] } }, '0-2'],
  ])('is complete when %s', (_, spec, completedIndexes) => {
    const play = new JobPlay({ ...indexed, ...spec, completions: 10, parallelism: 10 })
    for (let round = 0; round < 5 && !play.conditions.includes('Complete'); round += 1) {
      play.settle()
      const [lowest] = play.active
      if (lowest !== undefined) play.end(lowest, 'Succeeded')
      play.settle()
    }
    expect([play.status?.completedIndexes, play.active.length]).toEqual([completedIndexes, 0])
    expect(play.reasonOf('Complete')).toBe('SuccessPolicy')
  })

  test('that is made smaller ends and forgets what is beyond, and begins it again when it grows', () => {
    const resized = (size: number) => ({ ...indexed, completions: size, parallelism: size })
    const play = new JobPlay({ ...resized(5), backoffLimitPerIndex: 1 })
    play.settle()
    for (const at of [1, 4])
      play.end(play.active.find(one => indexesOf([one])[0] === at) ?? fail(), 'Succeeded')
    play.end(play.active.find(one => indexesOf([one])[0] === 3) ?? fail(), 'Failed')
    play.settle()
    expect(play.status).toMatchObject({ completedIndexes: '1,4', succeeded: 2 })
    expect(Object.keys(play.status?.indexFailures ?? {})).toEqual(['3'])
    play.spec = { ...play.spec, ...resized(3) }
    play.settle()
    expect([indexesOf(play.active), play.status?.completedIndexes]).toEqual([[0, 2], '1'])
    expect([play.status?.succeeded, play.status?.indexFailures ?? {}]).toEqual([1, {}])
    play.spec = { ...play.spec, ...resized(5) }
    play.settle()
    expect(new Set(indexesOf(play.active))).toEqual(new Set([0, 2, 3, 4]))
    play.spec = { ...play.spec, ...resized(2) }
    play.settle()
    play.end(play.active.find(one => indexesOf([one])[0] === 0) ?? fail(), 'Succeeded')
    play.settle()
    expect([play.status?.completedIndexes, play.conditions.includes('Complete')]).toEqual(['0,1', true])
  })

  test('that is made smaller does not count what ends beyond', () => {
    const play = new JobPlay({ ...indexed, completions: 3, parallelism: 3, backoffLimitPerIndex: 0 })
    play.settle()
    for (const one of play.active) play.end(one, indexesOf([one])[0] === 1 ? 'Failed' : 'Succeeded')
    play.spec = { ...play.spec, completions: 1, parallelism: 1 }
    play.settle()
    expect(play.status).toMatchObject({ completedIndexes: '0', succeeded: 1 })
    expect([play.status?.failedIndexes ?? '', play.reasonOf('Complete')]).toEqual(['', 'CompletionsReached'])
  })

  test('no index has two tasks, whatever is deleted, ends or is stopped', () => {
    const step = fc.record({
      kind: fc.constantFrom('end', 'fail', 'delete', 'hold', 'stop', 'wake'),
      at: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const play = new JobPlay(
          { ...indexed, completions: 6, parallelism: 3, backoffLimitPerIndex: 2 },
          { burst: 4 },
        )
        const succeeded: number[] = []
        for (const { kind, at } of steps) {
          play.settle()
          const { active } = play
          const one = active[at % Math.max(1, active.length)]
          const held = play.tasks.find(({ metadata }) => metadata.deletionTimestamp !== undefined)
          if (kind === 'wake') play.wake()
          else if (kind === 'stop' && held !== undefined) play.stopped(held)
          else if (one !== undefined && (kind === 'end' || kind === 'fail')) {
            if (kind === 'end') succeeded.push(...indexesOf([one]))
            play.end(one, kind === 'end' ? 'Succeeded' : 'Failed')
            // Somebody else deletes what has just ended.
            if (at % 2 === 0) play.delete(one)
          } else if (one !== undefined && kind !== 'stop') play.delete(one, kind === 'hold')
          play.settle()
          const running = play.tasks.filter(({ status }) => status?.phase === undefined)
          expect(new Set(indexesOf(running)).size).toBe(running.length)
          expect(running.length).toBeLessThanOrEqual(3)
          const done = IndexRanges.parse(play.status?.completedIndexes ?? '')
          expect([done.size, new Set(succeeded).size]).toEqual([succeeded.length, succeeded.length])
          for (const index of succeeded) expect(done.has(index)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('a job', () => {
  test('without a number is complete when one has succeeded and none is active', () => {
    const play = new JobPlay({ parallelism: 3 })
    play.settle()
    expect(play.active).toHaveLength(3)
    play.end(play.active[0] ?? fail(), 'Succeeded')
    play.settle()
    expect([play.active.length, play.conditions]).toEqual([2, []])
    for (const task of play.active) play.end(task, 'Succeeded')
    play.settle()
    expect([play.conditions.includes('Complete'), play.made, play.status?.succeeded]).toEqual([true, 3, 3])
  })

  test('that is suspended ends its tasks without counting them, and starts again', () => {
    const play = new JobPlay({ completions: 4, parallelism: 2, activeDeadlineSeconds: 100 })
    play.settle()
    const spec = play.spec as { suspend?: boolean }
    spec.suspend = true
    play.nowMs = 90_000
    const { blockers, wakeAtMs } = play.settle()
    expect([play.tasks, play.status?.startTime, blockers, wakeAtMs]).toEqual([
      [],
      undefined,
      [{ kind: 'suspended' }],
      undefined,
    ])
    expect(play.conditions).toEqual(['Suspended'])
    spec.suspend = false
    play.nowMs = 200_000
    expect(play.settle().wakeAtMs).toBe(300_000)
    expect([play.active.length, play.status?.failed, play.conditions]).toEqual([2, 0, []])
  })

  test('a task that somebody deletes after it ended is counted; before, it is replaced and counts neither way', () => {
    const play = new JobPlay({ completions: 2, parallelism: 2, backoffLimit: 0 })
    play.settle()
    const [ended, running] = play.active
    play.end(ended ?? fail(), 'Succeeded')
    play.delete(ended ?? fail())
    play.delete(running ?? fail(), true)
    const { blockers } = play.settle()
    expect(play.status).toMatchObject({ succeeded: 1, failed: 0, terminating: 1, active: 0 })
    expect(blockers).toEqual([{ kind: 'terminating', missing: 1 }])
    play.stopped(running ?? fail())
    play.settle()
    expect(play.status).toMatchObject({ succeeded: 1, failed: 0, terminating: 0, active: 1 })
  })

  test('that wants less gives up what has not begun; the pass that deletes makes none', () => {
    const play = new JobPlay({ completions: 9, parallelism: 4 })
    play.settle()
    ;(play.spec as { parallelism: number }).parallelism = 1
    expect(play.pass().actions.map(({ kind }) => kind)).toEqual(['delete', 'delete', 'delete'])
    expect(play.settle().actions).toEqual([])
    expect(play.status).toMatchObject({ active: 1, failed: 0 })
  })

  test('does no more than a burst at once, and comes back for the rest', () => {
    const play = new JobPlay({ completions: 10, parallelism: 10 }, { burst: 4 })
    const sizes: number[] = []
    for (let at = 0; at < 3; at += 1) {
      const { actions, wakeAtMs } = play.pass()
      sizes.push(actions.length)
      expect(wakeAtMs).toBe(at < 2 ? 0 : undefined)
    }
    expect(sizes).toEqual([4, 4, 2])
    for (const task of play.active) play.end(task, 'Succeeded')
    const counted = [1, 2, 3].map(() => {
      play.pass()
      return [play.status?.succeeded, play.conditions.includes('Complete')]
    })
    expect(counted).toEqual([
      [4, false],
      [8, false],
      [10, true],
    ])
    expect(play.tasks).toHaveLength(5)
  })

  test('begins nothing while ends wait to be counted: with them no more tasks are held than run at once', () => {
    const play = new JobPlay({ completions: 20, parallelism: 4 }, { burst: 1, historyLimit: 0 })
    play.settle()
    for (let round = 0; round < 60 && !play.conditions.includes('Complete'); round += 1) {
      for (const task of play.active.slice(round % 2)) play.end(task, 'Succeeded')
      play.pass()
      const held = play.tasks.filter(({ metadata }) => metadata.finalizers.includes(JOB_FINALIZER))
      expect(held.length).toBeLessThanOrEqual(4)
    }
    play.settle()
    expect([play.status?.succeeded, play.made]).toEqual([20, 20])
  })

  test('more than 10,000 ends that wait to be counted are counted a burst at a time, the oldest first', () => {
    const play = new JobPlay({ completions: 20_000, parallelism: 10_000 })
    const { metadata } = task({ name: 'x' })
    play.tasks = Array.from({ length: 10_500 }, (_, at) => ({
      ...task({ name: `t${at}`, phase: 'Succeeded', finishedMs: 10_500 - at }),
      metadata: { ...metadata, name: `t${at}`, uid: `t${at}`, finalizers: [JOB_FINALIZER] },
    }))
    const { actions, status, wakeAtMs } = play.plan()
    const counted = actions.flatMap(action => (action.kind === 'count' ? [action.task.metadata.name] : []))
    expect([counted.length, counted[0], counted.at(-1)]).toEqual([500, 't10499', 't10000'])
    expect(actions.every(({ kind }) => kind === 'count' || kind === 'forget')).toBe(true)
    expect([status.succeeded, status.active, wakeAtMs]).toEqual([500, 0, 0])
  })

  test('is deleted so long after its end', () => {
    const play = run(new JobPlay({ ttlSecondsAfterFinished: 30 }), () => 'Succeeded')
    expect(play.settle().wakeAtMs).toBe(30_000)
    expect(play.isDeleted).toBe(false)
    play.nowMs = 30_000
    play.pass()
    expect(play.isDeleted).toBe(true)
  })

  test('gives the same plan whatever the order of its tasks', () => {
    const play = new JobPlay({ ...indexed, completions: 20, parallelism: 8 })
    play.settle()
    for (const [at, task] of play.active.entries())
      if (at % 2 === 0) play.end(task, at % 4 === 0 ? 'Failed' : 'Succeeded')
    const plan = play.plan()
    play.tasks.reverse()
    expect(play.plan()).toEqual(plan)
  })

  test('a clock that was put back an hour begins the wait again', () => {
    const play = new JobPlay({ backoffLimit: 9 })
    play.nowMs = 7_200_000
    play.settle()
    play.end(play.active[0] ?? fail(), 'Failed')
    play.settle()
    play.nowMs = 3_600_000
    expect(play.settle().wakeAtMs).toBe(3_610_000)
  })

  test('a clock that was put back a year begins the deadline again', () => {
    const play = new JobPlay({ activeDeadlineSeconds: 60 })
    play.nowMs = 366 * 86_400_000
    play.settle()
    play.nowMs = 0
    expect(play.settle().wakeAtMs).toBe(60_000)
  })

  test('and the time that is left to a job that has ended', () => {
    const play = new JobPlay({ ttlSecondsAfterFinished: 60 })
    play.nowMs = 366 * 86_400_000
    play.settle()
    play.end(play.active[0] ?? fail(), 'Succeeded')
    play.settle()
    play.nowMs = 0
    expect(play.settle().wakeAtMs).toBe(60_000)
    play.nowMs = 30_000
    expect(play.settle().wakeAtMs).toBe(60_000)
  })
})

function fail(): never {
  throw new Error('no such task')
}
