import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatResourceAmount,
  formatScalar,
  fromThousandths,
  parseResourceAmount,
  resourceScalar,
  resourceUnit,
  toThousandths,
} from '../../../src/core/resources/resource-units.js'
import {
  addResources,
  containsResources,
  formatResources,
  missingResource,
  parseResources,
  subtractResources,
} from '../../../src/core/resources/resources.js'

const invalid = expect.objectContaining({ code: 'Invalid' })
const outOfRange = expect.objectContaining({ code: 'OutOfRange' })
const MI = 2 ** 20
const isNothing = (vector: object): boolean => Object.keys(vector).length === 0

describe('units', () => {
  test.each([
    ['cpu', 'milli'],
    ['bandwidth', 'milli'],
    ['gpus', 'milli'],
    ['memory', 'byte'],
    ['storage', 'byte'],
    ['ephemeral-storage', 'byte'],
    ['hugepages-2Mi', 'byte'],
    ['pods', 'count'],
    ['attachable-volumes-ebs', 'count'],
    ['nvidia.com/gpu', 'count'],
  ])('%s is in %ss', (name, unit) => expect(resourceUnit(name)).toBe(unit))

  test.each([
    ['cpu', '500m', 500],
    ['cpu', '0.1m', 1],
    ['cpu', '1', 1000],
    ['cpu', 1.5, 1500],
    ['cpu', 0.1 + 0.2, 300],
    ['cpu', 0, 0],
    ['cpus', 0.1235, 124],
    ['cpus', '0.123', 123],
    ['memory', '1Gi', 2 ** 30],
    ['memory', '0.5', 1],
    ['memory', 1024, 1024],
    ['mem', 512, 512 * MI],
    ['mem', '0.5', MI / 2],
    ['mem', 0.001, 1049],
    ['disk', 1024, 2 ** 30],
    ['pods', 110, 110],
    ['pods', '1k', 1000],
    ['nvidia.com/gpu', '2', 2],
    ['gpus', 1, 1000],
    ['constructor', 1, 1000],
  ])('%s %j is %i base units', (name, input, amount) => expect(parseResourceAmount(name, input)).toBe(amount))

  test.each([
    ['cpu', '-1'],
    ['cpu', -0.001],
    ['cpu', 'lots'],
    ['cpu', Number.NaN],
    ['cpu', Number.POSITIVE_INFINITY],
    ['cpu', 0.0004],
    ['cpus', '0.0004'],
    ['mem', '1Gi'],
    ['memory', 0.5],
    ['pods', '1500m'],
    ['pods', 1.5],
    ['nvidia.com/gpu', '0.5'],
    ['', 1],
    ['__proto__', 1],
    ['a b', 1],
  ])('%j %j is refused', (name, input) => expect(() => parseResourceAmount(name, input)).toThrow(invalid))

  test.each([
    ['cpu', '9007199254740992m'],
    ['memory', '8Pi'],
    ['cpu', 1e18],
    ['mem', 1e18],
    ['mem', 8589934592],
    ['pods', 2 ** 53],
  ])('%s %j is out of range', (name, input) =>
    expect(() => parseResourceAmount(name, input)).toThrow(outOfRange),
  )

  test.each([
    [0.1, 100],
    [0.123, 123],
    [0.1234, 123],
    [0.1235, 124],
    [0.12349, 123],
    [0.0005, 1],
    [0.00049, 0],
    [0.0004, 0],
    [2.0005, 2001],
    [1.0005, 1001],
    [1.9999, 2000],
    [1.9994, 1999],
    [10.001, 10001],
    [1e9, 1e12],
    [-0.0005, -1],
    [-1.2345, -1235],
    [0.1004, 100],
    [0.1005, 101],
    [1.0004, 1000],
    [0.9996, 1000],
    [0.9994, 999],
    [-0.0004, 0],
  ])('%d is %i thousandths', (value, amount) => {
    expect(toThousandths(value)).toBe(amount)
    expect(toThousandths(fromThousandths(amount))).toBe(amount)
  })

  test('sums in thousandths never drift', () => {
    const total = (start: number, steps: readonly number[]): number =>
      fromThousandths(steps.reduce((sum, step) => sum + toThousandths(step), toThousandths(start)))
    expect(total(0, Array(10).fill(0.1))).toBe(1)
    expect(total(1, Array(10).fill(-0.1))).toBe(0)
    expect(total(0.1, [0.2])).toBe(0.3)
    expect(total(3, [-2.999])).toBe(0.001)
    expect(total(0, Array(1000).fill(0.001))).toBe(1)
    expect(total(24, Array(7).fill(-0.3))).toBe(21.9)
    expect(total(0, [0.0004, 0.0004])).toBe(0)
  })

  test('thousandths round trip through a plain number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), m => {
        expect(toThousandths(m / 1000)).toBe(m)
      }),
    )
  })

  test('megabytes to three decimals survive the way through bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), milli => {
        expect(resourceScalar('mem', parseResourceAmount('mem', milli / 1000))).toBe(milli / 1000)
      }),
    )
    expect([resourceScalar('cpus', 1500), resourceScalar('pods', 3), resourceScalar('gpus', 500)]).toEqual([
      1.5, 3, 0.5,
    ])
  })

  test.each([
    [0.8, '0.8'],
    ['0.80', '0.8'],
    ['0.8001', '0.8'],
    ['0.801', '0.801'],
    ['7.0', '7'],
    [0.0005, '0'],
    [0.0015, '0.002'],
    [-0.0025, '-0.002'],
    ['1e3', '1000'],
    [1e21, '1000000000000000000000'],
    ['rack', undefined],
    ['', undefined],
  ])('scalar %j is written %s', (value, text) => expect(formatScalar(value)).toBe(text))

  test('text of an amount parses back to it', () => {
    const name = fc.constantFrom('cpu', 'memory', 'pods', 'nvidia.com/gpu', 'other')
    fc.assert(
      fc.property(name, fc.maxSafeNat(), (n, amount) => {
        expect(parseResourceAmount(n, formatResourceAmount(n, amount))).toBe(amount)
      }),
    )
  })
})

describe('resource vectors', () => {
  test('0.1 and 0.2 cpu are 0.3 cpu', () => {
    const sum = addResources(parseResources({ cpu: 0.1 }), parseResources({ cpu: '200m' }))
    expect(sum).toEqual(parseResources({ cpu: '0.3' }))
    expect(containsResources(parseResources({ cpu: 0.3 }), sum)).toBe(true)
  })

  test('reading keeps zeros, sorts names and refuses two names of one resource', () => {
    const vector = parseResources({ pods: 1, mem: 1, cpus: 0 })
    expect(Object.entries(vector)).toEqual([
      ['cpu', 0],
      ['memory', MI],
      ['pods', 1],
    ])
    expect(formatResources(vector)).toEqual({ cpu: '0', memory: '1Mi', pods: '1' })
    expect(() => parseResources({ cpu: 1, cpus: 1 })).toThrow(invalid)
    expect(() => parseResources({ cpu: undefined as unknown as string })).toThrow(invalid)
  })

  test('subtracting is signed, and containment exact', () => {
    const rows = [
      [
        { cpu: 4000, memory: 512 },
        { cpu: 1500, storage: 10 },
        { cpu: 2500, memory: 512, storage: -10 },
        false,
      ],
      [{ cpu: 1 }, { cpu: 1 }, {}, true],
      [{ cpu: 1 }, { cpu: 2, memory: 1 }, { cpu: -1, memory: -1 }, false],
      [{}, { memory: 1 }, { memory: -1 }, false],
      [{ cpu: 300 }, { cpu: 100 }, { cpu: 200 }, true],
    ] as const
    for (const [a, b, difference, contains] of rows) {
      expect(subtractResources(a, b)).toEqual(difference)
      expect(containsResources(a, b)).toBe(contains)
    }
  })

  test('the missing resource is the first by name', () => {
    expect(missingResource({ cpu: 1 }, { pods: 1, memory: 1, cpu: 1 })).toBe('memory')
    expect(missingResource({ cpu: -1 }, {})).toBe('cpu')
    expect(missingResource({}, {})).toBeUndefined()
  })

  test('totals beyond 2^53 are errors, never wrong numbers', () => {
    const top = { cpu: Number.MAX_SAFE_INTEGER }
    expect(() => addResources(top, { cpu: 1 })).toThrow(outOfRange)
    expect(() => subtractResources({ cpu: -2 }, top)).toThrow(outOfRange)
  })

  const vector = fc.dictionary(
    fc.constantFrom('cpu', 'memory', 'pods', 'constructor', 'x'),
    fc.integer({ min: 0, max: 50 }),
  )

  test('vectors form a commutative monoid with cancellation, ordered by containment', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(addResources(a, b)).toEqual(addResources(b, a))
        expect(addResources(addResources(a, b), c)).toEqual(addResources(a, addResources(b, c)))
        expect(subtractResources(addResources(a, b), b)).toEqual(addResources(a, {}))
        expect(containsResources(addResources(a, b), a)).toBe(true)
        expect(containsResources(a, b) && containsResources(b, a)).toBe(isNothing(subtractResources(a, b)))
        expect(containsResources(a, b)).toBe(missingResource(a, b) === undefined)
      }),
    )
  })

  test('names of Object.prototype are ordinary resources', () => {
    expect(addResources({ constructor: 1 } as unknown as Record<string, number>, {})).toEqual({
      constructor: 1,
    })
    expect(containsResources({}, { toString: 1 } as unknown as Record<string, number>)).toBe(false)
  })
})
