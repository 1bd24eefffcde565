import { describe, expect, test } from 'vitest'
import type { StepProgress, StepVerdict, ThreadSample } from '../../../src/testing/guard/step-progress.js'
import { judgeStep } from '../../../src/testing/guard/step-progress.js'

const limits = { timeoutMs: 1_000, lookEveryMs: 100 }

/** The first verdict on samples that are seen one after the other, and after how many. */
function verdictOn(samples: readonly ThreadSample[]): readonly [StepVerdict, number] {
  let progress: StepProgress | undefined
  for (const [at, sample] of samples.entries()) {
    const judged = judgeStep(progress, sample, limits)
    progress = judged.progress
    if (judged.verdict !== undefined) return [judged.verdict, at]
  }
  return [undefined, samples.length]
}

const looks = (count: number, at: (look: number) => Partial<ThreadSample>): ThreadSample[] =>
  Array.from({ length: count }, (_, look) => ({ beat: 1, cpuMs: 0, isAsleep: false, ...at(look) }))

describe('a step is endless', () => {
  test.each<[string, readonly ThreadSample[], StepVerdict]>([
    ['when it computes', looks(20, look => ({ cpuMs: 100 * look })), 'computes'],
    ['when it computes on a busy machine, later', looks(200, look => ({ cpuMs: 10 * look })), 'computes'],
    ['when it sleeps', looks(20, () => ({ isAsleep: true })), 'sleeps'],
    ['not when it waits for a processor, however long', looks(100_000, () => ({})), undefined],
    [
      'not when it sleeps and works in turns',
      looks(2_000, look => ({ isAsleep: look % 9 !== 0, cpuMs: Math.floor(look / 20) })),
      undefined,
    ],
    ['not when others follow it', looks(2_000, look => ({ beat: look, cpuMs: 100 * look })), undefined],
    [
      'not when it sleeps now and then without having run',
      looks(2_000, look => ({ isAsleep: look % 9 !== 0 })),
      undefined,
    ],
  ])('%s', (_what, samples, verdict) => {
    expect(verdictOn(samples)[0]).toBe(verdict)
  })

  test('after the time that it may take', () => {
    expect(verdictOn(looks(50, look => ({ cpuMs: 100 * look })))).toEqual(['computes', 10])
    expect(verdictOn(looks(50, () => ({ isAsleep: true })))).toEqual(['sleeps', 10])
  })
})
