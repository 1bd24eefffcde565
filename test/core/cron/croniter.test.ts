import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextRuns } from '../../../src/workloads/jobs/index.js'

const EXPRESSIONS = 10_000
const RUNS = 3
const FROM_MS = Date.parse('2024-02-27T13:37:00Z')

/** croniter skips the first of the month when the last one is shorter than a day that is allowed. */
const DAY_MAX = 28

const PROGRAM = `
import sys, json
from datetime import datetime, timezone
from croniter import croniter
start = datetime.fromtimestamp(${FROM_MS} / 1000, timezone.utc)
answers = []
for text in json.load(sys.stdin):
    runs = croniter(text, start)
    answers.append([int(runs.get_next(float)) * 1000 for _ in range(${RUNS})])
json.dump(answers, sys.stdout)
`
/** Debian's package is for Debian's python, which need not be the first on the path. */
const python = ['python3', '/usr/bin/python3'].find(
  program => spawnSync(program, ['-c', 'import croniter']).status === 0,
)

/** All values of a day field would be `*` to croniter, and a list to Kubernetes and to us. */
function field(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max })
  const range = fc
    .tuple(value, value)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    .filter(([a, b]) => b - a < max - min - 1)
  const item = fc.oneof(
    value.map(String),
    range.map(([a, b]) => `${a}-${b}`),
    fc.tuple(range, fc.integer({ min: 2, max: 5 })).map(([[a, b], step]) => `${a}-${b}/${step}`),
    fc
      .integer({ min: 2, max: Math.min(15, max) })
      .map(step => (max === DAY_MAX ? `${min}-${max}/${step}` : `*/${step}`)),
  )
  return fc.oneof(
    fc.constant('*'),
    item,
    fc.tuple(value, value).map(pair => pair.join(',')),
  )
}

const expression = fc
  .tuple(field(0, 59), field(0, 23), field(1, DAY_MAX), field(1, 12), field(0, 6))
  .map(fields => fields.join(' '))

const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'

test.skipIf(python === undefined && !required)(
  `${EXPRESSIONS} random expressions run when croniter says`,
  () => {
    const texts = fc.sample(expression, { numRuns: EXPRESSIONS, seed: 1 })
    const { stdout, stderr } = spawnSync(python ?? '', ['-c', PROGRAM], {
      input: JSON.stringify(texts),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    expect(stderr).toBe('')
    const theirs = JSON.parse(stdout) as readonly (readonly number[])[]
    expect(theirs).toHaveLength(EXPRESSIONS)
    const ours = texts.map(schedule => nextRuns({ schedule }, FROM_MS, RUNS))
    const wrong = texts.flatMap((text, index) =>
      JSON.stringify(ours[index]) === JSON.stringify(theirs[index])
        ? []
        : [{ text, ours: ours[index], theirs: theirs[index] }],
    )
    expect(wrong.slice(0, 5)).toEqual([])
  },
)
