import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/api/index.js'
import { JobTally } from '../../../src/workloads/batch/job-tally.js'
import { JobPlay } from '../fixtures/job-play.js'
import { LazyAndEager } from '../fixtures/lazy-and-eager.js'

const indexed = (completions: number) => ({ completionMode: 'Indexed', completions }) as const

/** The first keeps its tally of the tasks, the other counts them each time. */
function jobTwins(spec: Partial<JobSpec>, burst: number): LazyAndEager<JobPlay> {
  const limits = { burst, historyLimit: 2 }
  return new LazyAndEager(new JobPlay(spec, limits, new JobTally()), new JobPlay(spec, limits))
}

type Change = (play: JobPlay) => void

/** A task of the play, whatever it is in: the same of both. */
function one(play: JobPlay, at: number): JobPlay['tasks'][number] | undefined {
  return play.tasks[at % Math.max(1, play.tasks.length)]
}

const changes: fc.Arbitrary<Change | number> = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 40 }), weight: 3 },
  {
    arbitrary: fc
      .tuple(fc.nat(9), fc.constantFrom('Succeeded' as const, 'Failed' as const), fc.nat(2), fc.boolean())
      .map(
        ([at, phase, exitCode, twice]): Change =>
          play => {
            const tasks = twice ? play.active.slice(at % 3) : play.active.slice(at % 3, (at % 3) + 1)
            for (const task of tasks) play.end(task, phase, { exitCode })
          },
      ),
    weight: 6,
  },
  fc.tuple(fc.nat(9), fc.boolean()).map(
    ([at, isHeld]): Change =>
      play => {
        const task = one(play, at)
        if (task !== undefined) play.delete(task, isHeld)
      },
  ),
  fc.nat(9).map(
    (at): Change =>
      play => {
        const task = one(play, at)
        if (task !== undefined) play.stopped(task)
      },
  ),
  fc.constant<Change>(play => {
    for (const task of play.tasks) play.stopped(task)
  }),
  fc.boolean().map(
    (suspend): Change =>
      play =>
        void (play.spec = { ...play.spec, suspend }),
  ),
  fc.integer({ min: 0, max: 6 }).map(
    (count): Change =>
      play => {
        const isElastic = play.spec.completionMode === 'Indexed'
        play.spec = {
          ...play.spec,
          parallelism: count,
          ...(isElastic ? { completions: Math.max(1, count) } : {}),
        }
      },
  ),
)

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

const specs: fc.Arbitrary<Partial<JobSpec>> = fc
  .record({
    isIndexed: fc.boolean(),
    completions: optional(fc.integer({ min: 1, max: 6 })),
    parallelism: fc.integer({ min: 0, max: 6 }),
    backoffLimit: optional(fc.nat(3)),
    perIndex: optional(fc.nat(2)),
    maxFailedIndexes: optional(fc.nat(2)),
    deadline: optional(fc.integer({ min: 1, max: 60 })),
    ttl: optional(fc.integer({ min: 0, max: 60 })),
    action: optional(
      fc.constantFrom('FailJob' as const, 'FailIndex' as const, 'Ignore' as const, 'Count' as const),
    ),
    isEarly: fc.boolean(),
    isSuspended: fc.boolean(),
    restartPolicy: fc.constantFrom('Never' as const, 'OnFailure' as const),
  })
  .map(({ isIndexed, completions, parallelism, perIndex, deadline, ttl, action, ...rest }) => {
    const byIndex = isIndexed && perIndex !== undefined
    const rule = action === undefined || (action === 'FailIndex' && !byIndex) ? undefined : action
    return {
      parallelism,
      suspend: rest.isSuspended,
      ...(completions === undefined && !isIndexed ? {} : { completions: completions ?? 4 }),
      ...(isIndexed ? { completionMode: 'Indexed' as const } : {}),
      ...(rest.backoffLimit === undefined ? {} : { backoffLimit: rest.backoffLimit }),
      ...(byIndex ? { backoffLimitPerIndex: perIndex } : {}),
      ...(byIndex && rest.maxFailedIndexes !== undefined ? { maxFailedIndexes: rest.maxFailedIndexes } : {}),
      ...(deadline === undefined ? {} : { activeDeadlineSeconds: deadline }),
      ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }),
      ...(rule === undefined
        ? { restartPolicy: rest.restartPolicy }
        : {
            podFailurePolicy: {
              rules: [{ action: rule, onExitCodes: { operator: 'In' as const, values: [1] } }],
            },
          }),
      ...(isIndexed && rest.isEarly ? { successPolicy: { rules: [{ succeededCount: 2 }] } } : {}),
    }
  })

test('a job whose last indexes run asks for no pass, however many of its places stay empty', () => {
  const play = new JobPlay({ ...indexed(4), parallelism: 4, backoffLimitPerIndex: 0 }, { burst: 1 })
  play.settle()
  for (const task of play.active.slice(0, 3)) play.end(task, 'Failed')
  expect(play.settle().wakeAtMs).toBeUndefined()
})

test('a job without a number that loses its last task by its suspension is complete', () => {
  const play = new JobPlay({ parallelism: 2 })
  play.settle()
  for (const task of play.active.slice(1)) play.end(task, 'Succeeded')
  play.spec = { ...play.spec, suspend: true }
  play.settle()
  expect(play.conditions).toContain('Complete')
})

test('what runs only when something happened, or when its plan asked for it, ends as what runs all the time', () => {
  fc.assert(
    fc.property(
      specs,
      fc.integer({ min: 1, max: 4 }),
      fc.array(changes, { maxLength: 25 }),
      (spec, burst, steps) => {
        const twins = jobTwins(spec, burst)
        for (const step of steps) {
          if (typeof step === 'number') twins.advance(step)
          else twins.change(step)
        }
        twins.advance(100)
      },
    ),
    { numRuns: 30 },
  )
})
