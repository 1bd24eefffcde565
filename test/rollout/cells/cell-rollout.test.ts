import { describe, expect, test } from 'vitest'
import type {
  CellRolloutFacts,
  CellRolloutPolicy,
  CellRolloutState,
} from '../../../src/rollout/cell-plan/cell-rollout.js'
import { stepCellRollout } from '../../../src/rollout/cell-plan/cell-rollout.js'

const policy: CellRolloutPolicy = { deadlineMs: 7_200_000, crashes: 3, action: 'pause' }
const facts: CellRolloutFacts = {
  entry: 2,
  updated: 0,
  done: false,
  failures: 0,
  retries: 0,
  paused: false,
  resting: false,
  mayRevert: true,
}

/** Steps at these times, with so many tasks of the revision ended by then, or other facts. */
function walk(
  steps: readonly (readonly [atMs: number, seen: Partial<CellRolloutFacts>])[],
): CellRolloutState | undefined {
  let state: CellRolloutState | undefined
  for (const [atMs, seen] of steps) {
    state = stepCellRollout(state, { ...facts, ...seen }, policy, atMs).state
    state = JSON.parse(JSON.stringify(state)) as CellRolloutState
  }
  return state
}
const ended = (...steps: readonly (readonly [atMs: number, failures: number])[]) =>
  walk(steps.map(([atMs, failures]) => [atMs, { failures }] as const))

describe('tasks of a new revision that end', () => {
  test.each([
    ['three at once', ended([0, 0], [1_000, 3]), 'crash-loop'],
    ['three within a minute', ended([0, 0], [1_000, 1], [31_000, 2], [61_000, 3]), 'crash-loop'],
    ['three in more than a minute', ended([0, 0], [1_000, 1], [31_000, 2], [61_001, 3]), undefined],
    [
      'one in an hour, again and again',
      ended(...[0, 1, 2, 3].map(n => [n * 1_700_000, n] as const)),
      undefined,
    ],
    [
      'those of a cell that is gone, and come back',
      ended([0, 0], [1_000, 2], [2_000, 0], [3_000, 1]),
      'crash-loop',
    ],
    ['those of an earlier try of the template', ended([0, 5], [1_000, 5]), undefined],
    ['after the clock was put back', ended([900_000, 0], [900_000, 2], [0, 2], [70_000, 3]), undefined],
  ])('%s: %#', (_what, state, cause) => {
    expect([state?.phase, state?.cause]).toEqual([cause === undefined ? 'progressing' : 'failed', cause])
  })
})

test('what has failed begins again when somebody asks for that, once for each time', () => {
  const loop = [
    [0, {}],
    [1_000, { failures: 3 }],
  ] as const
  const again = { failures: 3, retries: 1 }
  expect(walk([...loop, [2_000, again]])).toMatchObject({
    phase: 'progressing',
    progressAtMs: 2_000,
    retries: 1,
  })
  expect(
    walk([...loop, [2_000, again], [3_000, { ...again, failures: 6 }], [4_000, { ...again, failures: 6 }]]),
  ).toMatchObject({
    phase: 'failed',
    cause: 'crash-loop',
  })
})
