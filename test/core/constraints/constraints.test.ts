import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../../src/core/constraints/attribute-value.js'
import type { Constraint } from '../../../src/core/constraints/constraints.js'
import {
  compileConstraint,
  compileConstraints,
  formatConstraint,
} from '../../../src/core/constraints/constraints.js'
import { kubernetesConstraint } from '../../../src/core/constraints/presets/kubernetes-constraints.js'
import { marathonConstraint } from '../../../src/core/constraints/presets/marathon-constraints.js'
import type { MesosAttributeConstraint } from '../../../src/core/constraints/presets/mesos-constraints.js'
import { mesosConstraint } from '../../../src/core/constraints/presets/mesos-constraints.js'
import { nomadConstraints } from '../../../src/core/constraints/presets/nomad-constraints.js'
import { swarmConstraint } from '../../../src/core/constraints/presets/swarm-constraints.js'
import { countSiblings } from '../../../src/core/constraints/sibling-counts.js'

const invalid = expect.objectContaining({ code: 'Invalid' })
const attributes = (value: AttributeValue | null): Record<string, AttributeValue> =>
  value === null ? {} : { a: value }

function holds(constraint: Constraint, value: AttributeValue | null): boolean {
  return compileConstraint(constraint).evaluate(attributes(value)).kind === 'satisfied'
}

/** Whether a node with `value` is accepted when siblings are on nodes with `placed`. */
function accepts(
  constraint: Constraint,
  value: AttributeValue | null,
  placed: readonly (AttributeValue | null)[],
  instances = 10,
): boolean {
  const counts = countSiblings(placed.map(v => v ?? undefined))
  const verdict = compileConstraint(constraint).evaluate(attributes(value), {
    instances,
    siblings: () => counts,
  })
  return verdict.kind === 'satisfied'
}

describe('operators on one node', () => {
  test.each<[Constraint['operator'], Constraint['value'], AttributeValue | null, boolean]>([
    ['equals', 'x', 'x', true],
    ['equals', 'x', 'X', false],
    ['equals', 'x', null, false],
    ['equals', '0.5', 0.5, true],
    ['notEquals', 'x', 'y', true],
    ['notEquals', 'x', 'x', false],
    ['notEquals', 'x', null, true],
    ['is', '0.80', 0.8, true],
    ['is', '[1-3,4-6]', [[1, 6]], true],
    ['is', '[4-6,1-3]', '[1-6]', true],
    ['is', '[6-1]', '[6-1]', true],
    ['is', '{b,a}', ['a', 'b', 'a'], true],
    ['is', 'x', null, false],
    ['in', ['x', 'y'], 'y', true],
    ['in', [], 'y', false],
    ['in', ['x'], null, false],
    ['notIn', ['x'], null, true],
    ['notIn', ['x'], 'x', false],
    ['exists', undefined, '', true],
    ['exists', undefined, null, false],
    ['doesNotExist', undefined, null, true],
    ['doesNotExist', undefined, '', false],
    ['greaterInteger', '9', '16', true],
    ['greaterInteger', '16', '16', false],
    ['greaterInteger', '1', '1.9', false],
    ['greaterInteger', '1', null, false],
    ['greaterInteger', 1, 2, true],
    ['lessInteger', ['9223372036854775807'], '9223372036854775806', true],
    ['lessInteger', '5', '-6', true],
    ['less', 'a10', 'a9', false],
    ['less', '10', '9', true],
    ['less', '9007199254740993', '9007199254740992', true],
    ['less', '10', 'b', false],
    ['less', 'b', '10', true],
    ['lessOrEqual', '1.50', '1.5', true],
    ['greater', '999.9', '1e3', true],
    ['greater', '1', '1.0', false],
    ['greaterOrEqual', '1.50', '1.5', true],
    ['greaterOrEqual', '1', null, false],
    ['matches', 'rack-[0-9]', 'rack-1', true],
    ['matches', 'rack-[0-9]', 'rack-10', false],
    ['matches', '[0-9]+', 7, true],
    ['matches', '.*', null, false],
    ['notMatches', 'rack-[0-9]', 'rack-10', true],
    ['notMatches', '.*', null, true],
    ['search', 'k-[0-9]', 'rack-10', true],
    ['search', '^rack-[0-9]$', 'rack-12', false],
    ['search', '', null, false],
    ['containsAll', 'c, a', 'a,b,c', true],
    ['containsAll', 'c,d', 'a,b,c', false],
    ['containsAll', ['a'], ['a', 'b'], true],
    ['containsAll', 'a', null, false],
    ['containsAny', 'd, a', 'a, b', true],
    ['containsAny', 'd', ['a', 'b'], false],
    ['inPrefix', '10.0.0.0/8', '10.1.2.3', true],
    ['inPrefix', '10.0.0.0/8', '11.1.2.3', false],
    ['inPrefix', '10.1.2.3', '10.1.2.3', true],
    ['inPrefix', '10.1.2.3', '::ffff:10.1.2.3', true],
    ['inPrefix', '2001:db8::/32', '2001:DB8:0:1::1', true],
    ['inPrefix', '::/0', '10.0.0.1', false],
    ['inPrefix', '0.0.0.0/0', 'not an address', false],
    ['inPrefix', '0.0.0.0/0', null, false],
    ['notInPrefix', '10.0.0.0/8', null, true],
    ['notInPrefix', '10.0.0.0/8', '10.0.0.1', false],
  ])('%s %j on %j: %s', (operator, value, actual, expected) => {
    const constraint =
      value === undefined ? { attribute: 'a', operator } : { attribute: 'a', operator, value }
    expect(holds(constraint, actual)).toBe(expected)
  })

  test.each<[Constraint]>([
    [{ attribute: '', operator: 'exists' }],
    [{ attribute: 'a', operator: 'likes' as 'equals', value: 'x' }],
    [{ attribute: 'a', operator: 'constructor' as 'equals', value: 'x' }],
    [{ attribute: 'a', operator: 'equals' }],
    [{ attribute: 'a', operator: 'equals', value: ['x'] }],
    [{ attribute: 'a', operator: 'equals', value: Number.NaN }],
    [{ attribute: 'a', operator: 'in', value: 'x' }],
    [{ attribute: 'a', operator: 'in', value: Array(10_001).fill('x') }],
    [{ attribute: 'a', operator: 'exists', value: 'x' }],
    [{ attribute: 'a', operator: 'greaterInteger', value: '1.5' }],
    [{ attribute: 'a', operator: 'greaterInteger', value: ['1', '2'] }],
    [{ attribute: 'a', operator: 'matches', value: '(' }],
    [{ attribute: 'a', operator: 'search', value: 'a'.repeat(513) }],
    [{ attribute: 'a', operator: 'version', value: 'x' }],
    [{ attribute: 'a', operator: 'inPrefix', value: '10.0.0.0/33' }],
    [{ attribute: 'a', operator: 'matches', value: 'x', ignoreCase: true }],
    [{ attribute: 'a', operator: 'unique', textOnly: true }],
    [{ attribute: 'a', operator: 'unique', value: 'x' }],
    [{ attribute: 'a', operator: 'maxPer' }],
    [{ attribute: 'a', operator: 'maxPer', value: '-1' }],
    [{ attribute: 'a', operator: 'groupBy', value: '0' }],
  ])('%j is refused', constraint => expect(() => compileConstraint(constraint)).toThrow(invalid))

  test('an operator and its opposite never agree', () => {
    const value = fc.option(fc.constantFrom('a', 'b', '10.0.0.1', 'A'))
    const pairs = [
      ['equals', 'notEquals', 'a'],
      ['in', 'notIn', ['a', 'b']],
      ['matches', 'notMatches', 'a|b'],
      ['exists', 'doesNotExist', undefined],
      ['inPrefix', 'notInPrefix', '10.0.0.0/8'],
    ] as const
    fc.assert(
      fc.property(fc.constantFrom(...pairs), value, ([operator, opposite, wanted], actual) => {
        const rest = wanted === undefined ? { attribute: 'a' } : { attribute: 'a', value: wanted }
        expect(holds({ ...rest, operator }, actual)).toBe(!holds({ ...rest, operator: opposite }, actual))
      }),
    )
  })
})

describe('operators on siblings', () => {
  test.each<[readonly [string, string?], AttributeValue | null, (string | null)[], boolean]>([
    [['UNIQUE'], 'h1', [], true],
    [['UNIQUE'], 'h1', ['h1'], false],
    [['UNIQUE'], 'h3', ['h1', 'h2'], true],
    [['UNIQUE'], null, [], false],
    [['UNIQUE'], 'h1', [null], true],
    [['CLUSTER'], 'r1', [], true],
    [['CLUSTER'], 'r2', ['r1'], false],
    [['CLUSTER'], 'r1', ['r1', 'r1'], true],
    [['CLUSTER', 'r7'], 'r7', ['r1'], true],
    [['CLUSTER', 'r7'], 'r1', [], false],
    [['CLUSTER'], null, [], false],
    [['CLUSTER'], 'r1', [null, 'r1'], false],
    [['MAX_PER', '2'], 'r1', [], true],
    [['MAX_PER', '2'], 'r1', ['r1'], true],
    [['MAX_PER', '2'], 'r1', ['r1', 'r1'], false],
    [['MAX_PER', '2'], 'r2', ['r1', 'r1'], true],
    [['MAX_PER', '0'], 'r1', [], false],
    [['IS', 'rack-1'], 'rack-1', [], true],
    [['IS', '0.80'], 0.8, [], true],
    [['IS', '0.8001'], 0.8, [], true],
    [['IS', '0.801'], 0.8, [], false],
    [['IS', '7'], '7', [], true],
    [['IS', '7.0'], '7', [], true],
    [['IS', '{a,b}'], ['b', 'a'], [], true],
    [['LIKE', 'rack-[0-9]'], 'rack-1', [], true],
    [['LIKE', 'rack-[0-9]'], 'rack-12', [], false],
    [['LIKE', '.*'], null, [], false],
    [['UNLIKE', 'rack-[0-9]'], 'rack-1', [], false],
    [['UNLIKE', 'rack-[0-9]'], null, [], true],
  ])('%j on %j with siblings on %j: %s', ([operator, value], offer, placed, expected) => {
    const constraint = marathonConstraint(value === undefined ? ['a', operator] : ['a', operator, value])
    expect(accepts(constraint, offer, placed)).toBe(expected)
  })

  test.each<[number, Record<string, number>, string, boolean]>([
    [9, { r1: 1, r2: 1 }, 'r1', true],
    [9, { r1: 3, r2: 1 }, 'r1', false],
    [10, { r1: 4, r2: 3, r3: 3 }, 'r2', false],
    [10, { r1: 3, r2: 3, r3: 3 }, 'r2', true],
    [9, { r1: 3, r2: 3, r3: 2 }, 'r4', false],
  ])('%i instances over 3 groups, placed %j, on %s: %s', (instances, placed, value, expected) => {
    const siblings = Object.entries(placed).flatMap(([group, count]) => Array<string>(count).fill(group))
    expect(accepts({ attribute: 'a', operator: 'groupBy', value: '3' }, value, siblings, instances)).toBe(
      expected,
    )
  })

  /** Offers the values of `cycle` in turn until all are placed or the rounds are over. */
  function fill(
    constraint: Constraint,
    instances: number,
    cycle: readonly string[],
    rounds: number,
  ): boolean[] {
    const placed: string[] = []
    const taken: boolean[] = []
    for (let round = 0; round < rounds && placed.length < instances; round++) {
      const value = cycle[round % cycle.length] ?? ''
      taken.push(accepts(constraint, value, placed, instances))
      if (taken.at(-1) === true) placed.push(value)
    }
    return taken
  }
  const groupBy = (value: string): Constraint => ({ attribute: 'a', operator: 'groupBy', value })
  const times = (count: number, taken: boolean): boolean[] => Array<boolean>(count).fill(taken)

  test('groups fill to their quota even before the others appear', () => {
    expect(fill(groupBy('3'), 10, ['A', 'B', 'C'], 30)).toEqual(times(10, true))
    expect(fill(groupBy('3'), 10, ['A'], 10)).toEqual([...times(4, true), ...times(6, false)])
    expect(fill(groupBy('3'), 9, ['A', 'B'], 20)).toEqual([...times(6, true), ...times(14, false)])
    expect(fill(groupBy('5'), 4, ['A', 'B', 'C', 'D', 'E'], 10)).toEqual(times(4, true))
  })

  test('however values are offered, no group gets more than its even share rounded up, nor are there too many', () => {
    const value = fc.constantFrom('A', 'B', 'C', 'D')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(value, { maxLength: 60 }),
        (groups, instances, offers) => {
          const placed: string[] = []
          for (const offer of offers) {
            if (placed.length < instances && accepts(groupBy(String(groups)), offer, placed, instances))
              placed.push(offer)
          }
          const { counts } = countSiblings(placed)
          expect(counts.size).toBeLessThanOrEqual(groups)
          for (const count of counts.values())
            expect(count).toBeLessThanOrEqual(Math.ceil(instances / groups))
          const full = [...counts.values()].filter(count => count > Math.floor(instances / groups)).length
          expect(full).toBeLessThanOrEqual(instances >= groups ? instances % groups : instances)
        },
      ),
    )
  })

  test('without a number it balances over the values of the candidates', () => {
    const constraint = compileConstraint({ attribute: 'a', operator: 'groupBy' })
    const view = (placed: readonly string[], groups?: number) => ({
      instances: 4,
      siblings: () => countSiblings(placed),
      ...(groups === undefined ? {} : { groups: () => groups }),
    })
    const kind = (value: string, placed: readonly string[], groups?: number): string =>
      constraint.evaluate({ a: value }, view(placed, groups)).kind
    expect(kind('A', ['A', 'A'], 2)).toBe('unsatisfied')
    expect(kind('B', ['A', 'A'], 2)).toBe('satisfied')
    expect(kind('A', ['A', 'A'], 1)).toBe('satisfied')
    expect(kind('B', ['A', 'A'])).toBe('satisfied')
    expect(kind('A', [])).toBe('satisfied')
  })

  test('siblings without the value are a group of their own', () => {
    expect(accepts(groupBy('1'), 'A', [null])).toBe(false)
    expect(accepts(groupBy('2'), 'A', [null])).toBe(true)
    expect(accepts(groupBy('2'), 'A', [null, null, 'A'], 3)).toBe(false)
  })
})

describe('what a constraint says', () => {
  test('every failing constraint gives its reason as data', () => {
    const set = compileConstraints([
      { attribute: 'zone', operator: 'in', value: ['a', 'b'] },
      { attribute: 'gpu', operator: 'exists' },
      { attribute: 'rack', operator: 'maxPer', value: 1 },
      { attribute: 'ok', operator: 'equals', value: '1' },
    ])
    const view = { instances: 2, siblings: () => countSiblings(['r1']) }
    expect(set.evaluate({ zone: 'c', rack: 'r1', ok: '1' }, view)).toEqual([
      {
        code: 'AttributeMismatch',
        message: 'node(s) did not satisfy zone in (a,b)',
        params: { attribute: 'zone', operator: 'in' },
      },
      {
        code: 'AttributeMissing',
        message: 'node(s) lacked attribute gpu',
        params: { attribute: 'gpu', operator: 'exists' },
      },
      {
        code: 'SiblingLimit',
        message: 'node(s) did not satisfy rack maxPer 1',
        params: { attribute: 'rack', operator: 'maxPer', value: 'r1', limit: 1, count: 1 },
      },
    ])
    expect([set.node.length, set.siblings.length]).toEqual([3, 1])
  })

  test('too many constraints are refused', () => {
    expect(() => compileConstraints(Array(1_001).fill({ attribute: 'a', operator: 'exists' }))).toThrow(
      invalid,
    )
  })

  test('attributes named like members of Object.prototype are ordinary', () => {
    expect(compileConstraint({ attribute: 'constructor', operator: 'exists' }).evaluate({}).kind).toBe(
      'unsatisfied',
    )
  })

  test('a constraint reads as text', () => {
    expect(formatConstraint({ attribute: 'a', operator: 'unique' })).toBe('a unique')
    expect(formatConstraint({ attribute: 'a', operator: 'in', value: ['x', 'y'] })).toBe('a in (x,y)')
  })
})

describe('Kubernetes requirements', () => {
  const labels = { zone: 'a', cores: '16', ver: '1.9' }
  test.each([
    [{ key: 'zone', operator: 'In', values: ['a', 'b'] }, true],
    [{ key: 'gpu', operator: 'NotIn', values: ['x'] }, true],
    [{ key: 'zone', operator: 'NotIn', values: ['a'] }, false],
    [{ key: 'zone', operator: 'Exists' }, true],
    [{ key: 'gpu', operator: 'DoesNotExist' }, true],
    [{ key: 'cores', operator: 'Gt', values: ['16'] }, false],
    [{ key: 'cores', operator: 'Gt', values: ['9'] }, true],
    [{ key: 'ver', operator: 'Gt', values: ['1'] }, false],
    [{ key: 'cores', operator: 'Lt', values: ['17'] }, true],
  ] as const)('%j: %s', (requirement, expected) => {
    const verdict = compileConstraint(kubernetesConstraint(requirement)).evaluate(labels)
    expect(verdict.kind === 'satisfied').toBe(expected)
  })

  test.each([
    { key: 'a', operator: 'In' },
    { key: 'a', operator: 'Exists', values: ['x'] },
    { key: 'a', operator: 'Gt', values: [] },
    { key: 'a', operator: 'toString' as 'In', values: ['x'] },
  ] as const)('%j is refused', requirement =>
    expect(() => kubernetesConstraint(requirement)).toThrow(invalid),
  )
})

describe('Swarm expressions', () => {
  const node = {
    'node.id': 'n1',
    'node.hostname': 'Web-1',
    'node.role': 'WORKER',
    'node.ip': '186.17.9.41',
    'node.labels.Security': 'High',
  }
  test.each([
    ['node.hostname == web-1', true],
    ['node.labels.Security == high', true],
    ['node.labels.security == high', false],
    ['NODE.LABELS.Security==HIGH', true],
    ['node.labels.gpu != yes', true],
    ['node.labels.gpu == yes', false],
    ['node.role == worker', true],
    ['Node.Role != manager', true],
    ['node.ip == 186.17.9.41', true],
    ['node.ip != 186.17.0.0/16', false],
    ['node.ip == 186.17.0.0/16', true],
    ['node.ip == 186.17', false],
    ['node.ip != 186.17', false],
    ['node.abc.bcd != high', false],
    ['node.abc.bcd == high', false],
    ['engine.labels.os != x', true],
    ['node.labels. == x', false],
  ])('%s: %s', (expression, expected) => {
    const verdict = compileConstraint(swarmConstraint(expression)).evaluate(node)
    expect(verdict.kind === 'satisfied').toBe(expected)
  })

  test.each([
    'node.id',
    'node.id = n1',
    '== x',
    'node.id ==',
    'node id == x',
    'node.id == ü',
    'node.id == a,b',
  ])('%s is refused', expression => {
    expect(() => swarmConstraint(expression)).toThrow(invalid)
  })
})

describe('Nomad blocks', () => {
  test.each<[string, string | null, string | null, boolean]>([
    ['=', 'linux', 'linux', true],
    ['==', 'linux', 'linux', true],
    ['is', 'linux', 'darwin', false],
    ['=', null, 'linux', false],
    ['!=', null, 'linux', true],
    ['not', 'linux', 'linux', false],
    ['<', 'a9', 'a10', false],
    ['<', '9', '10', true],
    ['>', '1.5', '1.25', true],
    ['>=', '1.5', '1.50', true],
    ['is_not_set', null, null, true],
    ['is_set', 'x', null, true],
    ['set_contains', 'a,b,c', 'c, a', true],
    ['set_contains_all', 'a,b', 'a,c', false],
    ['set_contains_any', 'a,b', 'c,b', true],
    ['regexp', 'rack-12', '^rack-[0-9]$', false],
    ['regexp', 'rack-12', 'k-1', true],
    ['version', '1.2.3', '>= 1.0, < 2', true],
    ['version', '1.3.0', '~> 1.2.3', false],
    ['version', '2.0.0-beta', '> 1.0', false],
    ['semver', '2.0.0-beta', '> 1.0.0', true],
    ['version', null, '> 1', false],
  ])('%s on %j and %j: %s', (operator, left, right, expected) => {
    const block = { attribute: '${a}', operator, ...(right === null ? {} : { value: right }) }
    expect(compileConstraints(nomadConstraints(block)).evaluate(attributes(left)).length === 0).toBe(expected)
  })

  test('distinct hosts and properties count siblings', () => {
    expect(nomadConstraints({ operator: 'distinct_hosts' })).toEqual([
      { attribute: 'node.unique.id', operator: 'unique' },
    ])
    expect(nomadConstraints({ operator: 'distinct_hosts', value: 'false' })).toEqual([])
    const [one] = nomadConstraints({ attribute: '${a}', operator: 'distinct_property' })
    const [two] = nomadConstraints({ attribute: '${a}', operator: 'distinct_property', value: '2' })
    expect([one, two].map(c => accepts(c as Constraint, 'r1', ['r1']))).toEqual([false, true])
    expect(accepts(two as Constraint, null, [])).toBe(false)
  })

  test.each([
    { operator: 'like', attribute: 'a', value: 'x' },
    { operator: 'constructor', attribute: 'a', value: 'x' },
    { operator: '=', value: 'x' },
    { attribute: 'a' },
    { operator: 'distinct_property' },
    { operator: 'distinct_hosts', value: 'maybe' },
  ])('%j is refused', block => expect(() => nomadConstraints(block)).toThrow(invalid))
})

describe('Marathon triples', () => {
  test.each([[['a', 'LIKE']], [['a', 'MAX_PER']], [['a', 'IS', '']], [['a', 'NEAR', 'x']]] as const)(
    '%j is refused',
    triple => {
      expect(() => marathonConstraint(triple)).toThrow(invalid)
    },
  )

  test('the host name goes by one name', () => {
    expect(marathonConstraint(['@hostname', 'UNIQUE'])).toEqual(marathonConstraint(['hostname', 'UNIQUE']))
    expect(marathonConstraint(['rack', 'GROUP_BY'])).toEqual({ attribute: 'rack', operator: 'groupBy' })
    expect(marathonConstraint(['rack', 'GROUP_BY', '3'])).toEqual({
      attribute: 'rack',
      operator: 'groupBy',
      value: '3',
    })
  })
})

describe('Mesos offer constraints', () => {
  const predicates: readonly Omit<MesosAttributeConstraint, 'attribute'>[] = [
    { predicate: 'EXISTS' },
    { predicate: 'NOT_EXISTS' },
    { predicate: 'EQUALS', value: 'rack-1' },
    { predicate: 'NOT_EQUALS', value: 'rack-1' },
    { predicate: 'MATCHES', value: 'rack-[0-9]' },
    { predicate: 'NOT_MATCHES', value: 'rack-[0-9]' },
  ]
  test.each<[AttributeValue | null, boolean[]]>([
    [null, [false, true, false, true, false, true]],
    ['rack-1', [true, false, true, false, true, false]],
    ['rack-10', [true, false, false, true, false, true]],
    [7, [true, false, true, true, true, true]],
  ])('on %j', (value, expected) => {
    expect(predicates.map(p => holds(mesosConstraint({ attribute: 'a', ...p }), value))).toEqual(expected)
  })

  test('groups are alternatives of constraints that all hold', () => {
    const groups = [
      [
        { attribute: 'rack', predicate: 'EQUALS', value: 'r1' },
        { attribute: 'gpu', predicate: 'EXISTS' },
      ],
      [{ attribute: 'rack', predicate: 'NOT_EXISTS' }],
    ] as const
    const sets = groups.map(group => compileConstraints(group.map(mesosConstraint)))
    const agents: Record<string, string>[] = [{ rack: 'r1', gpu: 'yes' }, { rack: 'r2' }, {}]
    expect(agents.map(agent => sets.some(set => set.evaluate(agent).length === 0))).toEqual([
      true,
      false,
      true,
    ])
  })

  test('a missing value or unknown predicate is refused', () => {
    expect(() => mesosConstraint({ attribute: 'a', predicate: 'EQUALS' })).toThrow(invalid)
    expect(() => mesosConstraint({ attribute: 'a', predicate: 'NEAR' as 'EQUALS', value: '' })).toThrow(
      invalid,
    )
  })
})
