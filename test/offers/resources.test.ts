import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addResources, containsResources, isKeelsonError, parseResources } from '../../src/core/index.js'
import type { Resource } from '../../src/offers/index.js'
import { ResourceSet, resources } from '../../src/offers/index.js'
import type { Conversion } from '../../src/offers/resources/conversion.js'
import {
  createConversion,
  reserveConversion,
  unreserveConversion,
} from '../../src/offers/resources/conversion.js'
import { quantitiesOfInput } from '../../src/offers/shell/node-amounts.js'

const amount = fc.integer({ min: 1, max: 9_999 }).map(thousandths => thousandths / 1000)
const reservations = fc.constantFrom<Resource['reservations']>(
  undefined,
  [{ role: 'eng', kind: 'static' }],
  [{ role: 'eng' }],
  [{ role: 'eng' }, { role: 'eng/web', principal: 'p' }],
  [{ role: 'eng', labels: { a: '1' } }],
)
const scalar = fc.record({ name: fc.constantFrom('cpus', 'mem', 'gpus'), value: amount, reservations })
const ports = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }))
  .map(([first, more]): Resource => ({ name: 'ports', value: [[first, first + more]] }))
const zones = fc
  .subarray(['a', 'b', 'c'], { minLength: 1 })
  .map((value): Resource => ({ name: 'zones', value }))
const volume = fc.tuple(fc.constantFrom('v1', 'v2'), amount).map(
  ([id, value]): Resource => ({
    name: 'disk',
    value,
    reservations: [{ role: 'eng' }],
    disk: { volume: { id } },
  }),
)
const chunk = fc.oneof(
  scalar.map(
    ({ reservations: layers, ...rest }): Resource =>
      layers === undefined ? rest : { ...rest, reservations: layers },
  ),
  ports,
  zones,
  volume,
)
const set = fc
  .array(chunk, { maxLength: 6 })
  .map(list => list.map(one => resources([one])).reduce((a, b) => a.plus(b), ResourceSet.empty))
const scalars = fc
  .array(scalar, { maxLength: 6 })
  .map(list => resources(list.map(({ name, value }) => ({ name, value }))))

describe('resources', () => {
  test('add in any order and grouping', () => {
    fc.assert(
      fc.property(set, set, set, (a, b, c) => {
        expect(a.plus(b).equals(b.plus(a))).toBe(true)
        expect(
          a
            .plus(b)
            .plus(c)
            .equals(a.plus(b.plus(c))),
        ).toBe(true)
      }),
    )
  })

  test('that are contained come off and go back', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const sum = a.plus(b)
        expect(sum.contains(a)).toBe(true)
        expect(sum.minus(a).plus(a).equals(sum)).toBe(true)
        expect(a.tryMinus(b) === undefined).toBe(!a.contains(b))
        expect(a.common(b).equals(b.common(a))).toBe(true)
        expect(a.contains(a.common(b)) && b.contains(a.common(b))).toBe(true)
      }),
    )
  })

  test('are read back from their text and their JSON as they were', () => {
    fc.assert(
      fc.property(set, each => {
        expect(resources(each.toString()).equals(each)).toBe(true)
        expect(resources(JSON.parse(JSON.stringify(each)) as Resource[]).equals(each)).toBe(true)
      }),
    )
  })

  test('that are taken are contained, own reservations first, and come to what was wanted', () => {
    fc.assert(
      fc.property(set, fc.record({ cpus: amount }), (each, wanted) => {
        const taken = each.take(wanted, 'eng/web')
        if (taken === undefined) return
        expect(each.contains(taken)).toBe(true)
        expect(taken.quantities()).toEqual(wanted)
        const own = each.reserved('eng/web').quantities()['cpus'] ?? 0
        expect(taken.reserved('eng/web').quantities()['cpus'] ?? 0).toBe(Math.min(own, wanted.cpus))
      }),
    )
  })

  test('never drift: what fits as vectors of core, requests up and capacity down, fits here', () => {
    fc.assert(
      fc.property(scalars, scalars, (have, asked) => {
        const vector = (of: ResourceSet) =>
          parseResources(of.filter(({ name }) => name !== 'gpus').quantities())
        const there = containsResources(vector(have), addResources(vector(asked), {}))
        const here = have
          .filter(({ name }) => name !== 'gpus')
          .contains(asked.filter(({ name }) => name !== 'gpus'))
        if (there) expect(here).toBe(true)
      }),
    )
    expect(
      resources({ mem: 0.3 }).contains(
        resources({ mem: 0.1 })
          .plus(resources({ mem: 0.1 }))
          .plus(resources({ mem: 0.1 })),
      ),
    ).toBe(true)
  })

  test('keep their totals through reservations and volumes', () => {
    const disk = { name: 'disk', value: 40, reservations: [{ role: 'db' }] }
    const steps: readonly Conversion[] = [
      reserveConversion(resources([disk])),
      createConversion(resources([{ ...disk, value: 30, disk: { volume: { id: 'v' } } }]), new Set()),
      unreserveConversion(resources([{ ...disk, value: 10 }])),
    ]
    let agent = resources({ disk: 100 })
    for (const step of steps) {
      if (step.kind === 'refused') throw new Error(step.reason.message)
      agent = agent.minus(step.from).plus(step.to)
      expect(agent.quantities()).toEqual({ disk: 100 })
    }
    expect(agent.reserved('db').quantities()).toEqual({ disk: 30 })
  })

  test('count a shared volume once, however often it is held', () => {
    const shared: Resource = {
      name: 'disk',
      value: 5,
      reservations: [{ role: 'r' }],
      disk: { volume: { id: 's', shared: true } },
    }
    const twice = resources([shared]).plus(resources([shared]))
    expect(twice.size).toBe(2)
    expect(twice.quantities()).toEqual({ disk: 5 })
    expect(twice.minus(resources([shared])).size).toBe(1)
  })

  test.each([
    'cpus',
    'cpus:',
    'cpus:-1',
    'cpus:1e3',
    'cpus:[1-',
    'ports:[5-4]',
    'cpus(a//b):1',
    '[{"name":1}]',
    '[1',
    'x y:1',
  ])('refuse the text %s', text => {
    let error: unknown
    try {
      resources(text)
    } catch (refused) {
      error = refused
    }
    expect(isKeelsonError(error, 'Invalid')).toBe(true)
  })

  test('read what Mesos writes', () => {
    const text = 'cpus:4;cpus(eng):2;mem:8192;ports:[31000-31003, 32000-32000];zones:{a, b}'
    expect(resources(text).toString()).toBe(text)
    expect(resources('cpus(*):1; cpus : 2 ').toString()).toBe('cpus:3')
  })
})

test('a resource of a node may be called as what every object inherits', () => {
  expect(quantitiesOfInput({ constructor: '3', cpu: '500m' }, 'had')).toEqual({ constructor: 3, cpus: 0.5 })
})
