import { describe, expect, test } from 'vitest'
import { simulate } from '../../../../src/testing/index.js'
import { randomChoices } from '../../../../src/testing/simulation/choices/random-choices.js'
import type { ObservedStep } from '../../../../src/testing/simulation/report/observation.js'
import { durationText } from '../../../../src/testing/simulation/report/step-text.js'
import { formatTimeline } from '../../../../src/testing/simulation/report/timeline.js'
import { execute } from '../../../../src/testing/simulation/run/execute.js'
import { setupOf } from '../../../../src/testing/simulation/setup/simulate-options.js'
import { hasty, objects, Page, Site } from '../../fixtures/sites.js'

function step(timeMs: number, part: Partial<ObservedStep>): ObservedStep {
  return {
    kind: 'commit',
    actor: 'app-1',
    label: 'update Site a',
    timeMs,
    isFault: false,
    changes: [],
    deliveries: [],
    refusals: [],
    logs: [],
    instead: undefined,
    isOver: false,
    objects: [],
    ...part,
  }
}

const instead = { kind: 'start', actor: 'host', label: 'start the process' } as const

describe('a timeline', () => {
  test('numbers its steps, and marks what is out of turn, a fault, refused, later', () => {
    const text = formatTimeline([
      step(1, { kind: 'user', actor: 'user', label: 'create Site a', revision: 1, instead }),
      step(2, { kind: 'reconcile', label: 'sites a', isOver: true }),
      step(3, { refusals: ['NotFound'] }),
      step(4, {}),
      step(60_005, {
        kind: 'crash',
        label: 'create Page p, then crash',
        revision: 2,
        isFault: true,
        instead,
      }),
    ])
    expect(text.split('\n')).toEqual([
      '> 1  user   create Site a @1',
      '  2  app-1  reconcile sites a (writes nothing)',
      '  3  app-1  update Site a (refused: not found)',
      '  4  app-1  update Site a (nothing to change)',
      '     1 min later',
      '! 5  app-1  create Page p, then crash @2',
    ])
  })

  test('tells once what is repeated, and marks what never ends', () => {
    const round = [1, 2, 3, 4].flatMap(at => [
      step(2 * at, { label: 'a' }),
      step(2 * at + 1, { label: 'b', revision: at + 1 }),
    ])
    const text = formatTimeline([step(1, { label: 'begin', revision: 1 }), ...round], { from: 1, length: 2 })
    expect(text.split('\n')).toEqual([
      '  1  app-1  begin @1',
      '↻ 2  app-1  a (nothing to change)',
      '↻ 3  app-1  b @2',
      '     … these 2 steps 3 times more, until step 9, to @5, in 6 ms',
    ])
  })

  test('leaves out the middle of what is long', () => {
    const lines = formatTimeline(
      Array.from({ length: 400 }, (_, at) => step(at + 1, { label: `s${at}` })),
    ).split('\n')
    expect(lines).toHaveLength(36)
    expect(lines).toContain('  … 365 more lines …')
    expect(lines.at(-1)).toMatch(/400 {2}app-1 {2}s399/)
  })

  test('has its middle, and its lines to their ends, where it is to be whole', () => {
    const logs = [{ level: 'error', message: 'x'.repeat(500), fields: {}, timeMs: 1 }] as const
    const steps = Array.from({ length: 400 }, (_, at) => step(at + 1, { label: `s${at}`, logs }))
    const lines = formatTimeline(steps, undefined, true).split('\n')
    expect(lines).toHaveLength(800)
    expect(lines[401]).toContain('x'.repeat(500))
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'is of the same execution as without anybody looking: seed %i',
    async seed => {
      const options = { kinds: [Site, Page], objects }
      const setup = setupOf(hasty, options, seed)
      const { trace, state } = await execute(setup, randomChoices(seed, setup.faults))
      const seen = await simulate(hasty, { ...options, seed })
      expect([seen.trace, seen.state]).toEqual([trace, state])
    },
  )
})

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [61_500, '1 min 1 s'],
  [90_000_000, '1 d 1 h'],
  [86_400_001, '1 d 1 ms'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
