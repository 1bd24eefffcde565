import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Reason, Rejection } from '../../src/core/reasons.js'
import { renderReasons, rollUpReasons, rollUpRefused } from '../../src/core/reasons.js'

const invalid = expect.objectContaining({ code: 'Invalid' })
const cpu: Reason = { code: 'InsufficientResource', message: 'Insufficient cpu', params: { resource: 'cpu' } }
const memory: Reason = {
  code: 'InsufficientResource',
  message: 'Insufficient memory',
  params: { resource: 'memory' },
}
const taint: Reason = { code: 'UntoleratedTaint', message: 'node(s) had untolerated taint {a: b}' }

describe('reasons', () => {
  test('are counted, most frequent first, with a few names', () => {
    const rejections = [
      { node: 'n5', reasons: [taint] },
      { node: 'n4', reasons: [cpu] },
      { node: 'n3', reasons: [cpu, memory] },
      { node: 'n2', reasons: [cpu] },
      { node: 'n1', reasons: [cpu, taint] },
    ]
    const summary = rollUpReasons(rejections)
    expect(summary).toEqual({
      total: 5,
      available: 0,
      reasons: [
        { ...cpu, count: 4, samples: ['n1', 'n2', 'n3'] },
        { ...taint, count: 2, samples: ['n1', 'n5'] },
        { ...memory, count: 1, samples: ['n3'] },
      ],
      omitted: 0,
    })
    expect(renderReasons(summary)).toBe(
      '0/5 nodes are available: 4 Insufficient cpu, 2 node(s) had untolerated taint {a: b}, 1 Insufficient memory.',
    )
  })

  test('of different nodes with one reason each are counted alike, by reason', () => {
    const reasons: readonly Reason[] = [
      cpu,
      { ...cpu, params: { resource: 'gpu' } },
      memory,
      taint,
      { ...taint },
    ]
    const bounds = fc.record({ samplesMax: fc.nat(4), reasonsMax: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...reasons), { maxLength: 12 }), bounds, (given, options) => {
        const nodes = given.map((reason, index) => ({ node: `n${(index * 7) % 13}`, reasons: [reason] }))
        const byReason = new Map<Reason, string[]>()
        for (const {
          node,
          reasons: [reason],
        } of nodes)
          if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), node])
        expect(rollUpRefused(byReason, options)).toEqual(rollUpReasons(nodes, options))
      }),
    )
    expect(() => rollUpRefused(new Map([[cpu, ['n1', 'n2']]]), { total: 1 })).toThrow(invalid)
  })

  test('render what was left out, and nothing at all', () => {
    const many = Array.from({ length: 4 }, (_, i) => ({
      node: `n${i}`,
      reasons: [{ code: 'C', message: `m${i}` }],
    }))
    expect(renderReasons(rollUpReasons(many, { reasonsMax: 2, total: 9 }))).toBe(
      '5/9 nodes are available: 1 m0, 1 m1, and 2 more reasons.',
    )
    expect(renderReasons(rollUpReasons(many, { reasonsMax: 3 }))).toMatch(/, and 1 more reason\.$/)
    expect(renderReasons(rollUpReasons([]))).toBe('0/0 nodes are available.')
  })

  test('a total smaller than the nodes refused is refused', () => {
    expect(() => rollUpReasons([{ node: 'a', reasons: [cpu] }], { total: 0 })).toThrow(invalid)
  })

  const reason = fc.record({
    code: fc.constantFrom('A', 'B'),
    message: fc.constantFrom('x', 'y', 'z'),
    params: fc.record({ n: fc.nat(2) }),
  })
  const rejection: fc.Arbitrary<Rejection> = fc.record({
    node: fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5', 'n10'),
    reasons: fc.array(reason, { maxLength: 3 }),
  })

  test('the summary does not depend on the order of rejections, and counts what a slow count counts', () => {
    fc.assert(
      fc.property(fc.array(rejection, { maxLength: 12 }), fc.nat(3), (rejections, samplesMax) => {
        const summary = rollUpReasons(rejections, { samplesMax })
        expect(rollUpReasons([...rejections].reverse(), { samplesMax })).toEqual(summary)
        for (const { code, message, count, samples } of summary.reasons) {
          const same = (r: Reason): boolean => r.code === code && r.message === message
          const nodes = new Set(rejections.filter(r => r.reasons.some(same)).map(r => r.node))
          expect(count).toBe(nodes.size)
          expect(samples).toEqual([...nodes].sort().slice(0, samplesMax))
        }
        const distinct = new Set(
          rejections.flatMap(r => r.reasons.map(({ code, message }) => code + message)),
        )
        expect(summary.reasons).toHaveLength(distinct.size)
        expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
      }),
    )
  })
})
