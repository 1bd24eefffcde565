import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { simulate } from '../../../../src/testing/index.js'
import { formatMermaid } from '../../../../src/testing/simulation/report/mermaid.js'
import type { ObservedStep } from '../../../../src/testing/simulation/report/observation.js'
import { careful, hasty, objects, Page, Site } from '../../fixtures/sites.js'
import type { Statement } from './mermaid-parser.js'
import { parseMermaid } from './mermaid-parser.js'

const options = { kinds: [Site, Page], objects }

function step(part: Partial<ObservedStep>): ObservedStep {
  return {
    kind: 'commit',
    actor: 'app-1',
    label: 'update Site a',
    timeMs: 0,
    isFault: false,
    changes: [],
    deliveries: [],
    refusals: [],
    isOver: false,
    logs: [],
    instead: undefined,
    objects: [],
    ...part,
  }
}

function stepsOf(labels: readonly string[]): readonly ObservedStep[] {
  return labels.map((label, at) => step({ label, timeMs: at + 1, revision: at + 1 }))
}

const said = (statements: readonly Statement[]): readonly string[] =>
  statements.flatMap(statement => (statement.type === 'message' ? [statement.text] : []))

describe('a sequence diagram', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('of an execution is one: seed %i', async seed => {
    for (const make of [hasty, careful]) {
      const { mermaid, trace } = await simulate(make, { ...options, seed })
      const statements = parseMermaid(mermaid)
      const writes = trace.filter(({ revision }) => revision !== undefined)
      expect(said(statements).filter(text => / @\d+$/.test(text)).length).toBeGreaterThanOrEqual(
        writes.length,
      )
    }
  })

  test('says any text that a label may have', () => {
    const labels = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), { maxLength: 8 })
    fc.assert(
      fc.property(labels, texts => {
        const plain = texts.map(text =>
          text
            .replaceAll(', then ', ' ')
            .replaceAll(/[\s\p{Cc}]+/gu, ' ')
            .trim(),
        )
        const expected = plain.map((text, at) => `${text} @${at + 1}`.trim())
        expect(said(parseMermaid(formatMermaid(stepsOf(plain))))).toEqual(expected)
      }),
    )
  })

  test.each(['end', 'a; b', '#35;', 'wrap: x', 'nowrap:', '%% comment', '<b>', '{"a":1}', 'a -> b: c'])(
    'may be about %j',
    label => {
      const [only] = said(parseMermaid(formatMermaid([step({ label, kind: 'commit' })])))
      expect(only).toBe(`${label} (nothing to change)`)
    },
  )

  test('tells refused writes, crashes after a write, and faults', () => {
    const text = formatMermaid([
      step({ timeMs: 1, refusals: ['Conflict'] }),
      step({ timeMs: 2, kind: 'crash', label: 'create Page p, then crash', revision: 2, isFault: true }),
      step({
        timeMs: 5_000,
        kind: 'edit',
        actor: 'user',
        label: 'edit Site a: spec.x = 1',
        revision: 3,
        isFault: true,
      }),
    ])
    expect(parseMermaid(text)).toEqual([
      { type: 'participant', id: 'p1', text: 'user' },
      { type: 'participant', id: 'p2', text: 'store' },
      { type: 'participant', id: 'p3', text: 'app-1' },
      { type: 'message', from: 'p3', to: 'p2', arrow: '-x', text: 'update Site a (refused: conflict)' },
      { type: 'message', from: 'p3', to: 'p2', arrow: '->>', text: 'create Page p @2' },
      { type: 'note', over: ['p3', 'p3'], text: '⚡ crash' },
      { type: 'note', over: ['p1', 'p3'], text: '4 s 997 ms later' },
      { type: 'message', from: 'p1', to: 'p2', arrow: '->>', text: '⚡ edit Site a: spec.x = 1 @3' },
    ])
  })

  test('folds what is repeated into loops, and leaves out the middle of what is still long', () => {
    const loop = Array.from({ length: 50 }, () => ['reconcile', 'update']).flat()
    const looping = parseMermaid(formatMermaid(stepsOf(['begin', ...loop])))
    expect(looping.find(({ type }) => type === 'loop')).toMatchObject({ text: '50 times', body: [{}, {}] })
    const long = formatMermaid(stepsOf(Array.from({ length: 500 }, (_, at) => `step ${at}`)))
    expect(long.split('\n').length).toBeLessThan(90)
    expect(parseMermaid(long)).toContainEqual({
      type: 'note',
      over: ['p1', 'p2'],
      text: '420 lines left out',
    })
  })
})
