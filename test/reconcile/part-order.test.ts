import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Part } from '../../src/reconcile/manager/part-order.js'
import { startOrder } from '../../src/reconcile/manager/part-order.js'

function part(name: string, dependsOn?: readonly string[], needsLeadership = true): Part {
  return { unit: { name, start: () => {}, stop: () => {} }, dependsOn, needsLeadership, restart: 'never' }
}

const names = (parts: readonly Part[]): readonly string[] => parts.map(({ unit }) => unit.name)

describe('the order of starting', () => {
  test('is that of adding when nothing depends on anything', () => {
    expect(names(startOrder([part('c'), part('a'), part('b')]))).toEqual(['c', 'a', 'b'])
  })

  test('puts what is needed first, and moves nothing else', () => {
    const parts = [part('web', ['cache']), part('log'), part('cache', ['store']), part('store')]
    expect(names(startOrder(parts))).toEqual(['log', 'store', 'cache', 'web'])
  })

  test('keeps every dependency of any graph without circles', () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 12 }).chain(edges => {
      const parts = edges.map((targets, index) =>
        part(String(index), index === 0 ? [] : [...new Set(targets.map(target => String(target % index)))]),
      )
      return fc.shuffledSubarray(parts, { minLength: parts.length })
    })
    fc.assert(
      fc.property(graph, parts => {
        const order = names(startOrder(parts))
        expect([...order].sort()).toEqual([...names(parts)].sort())
        for (const { unit, dependsOn = [] } of parts)
          for (const needed of dependsOn) expect(order.indexOf(needed)).toBeLessThan(order.indexOf(unit.name))
      }),
    )
  })

  test.each([
    ['a circle', [part('x'), part('a', ['b']), part('b', ['c']), part('c', ['a'])], /a → b → c → a/],
    ['itself', [part('a', ['a'])], /a → a/],
    ['an unknown name', [part('a', ['b'])], /depends on b, which was not added/],
    [
      'what runs less often',
      [part('a', ['b'], false), part('b')],
      /a runs always, but depends on b, which needs leadership/,
    ],
  ])('%s is refused', (_, parts, message) => {
    expect(() => startOrder(parts)).toThrow(message)
  })
})
