import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint } from '../../../src/core/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { MergedEndpoints } from '../../../src/discovery/registry/merged-endpoints.js'
import { mergeSlice } from '../../../src/discovery/registry/merged-endpoints.js'
import { servicesAt } from '../../../src/discovery/registry/registry-snapshot.js'
import { changedItems } from '../../../src/discovery/structures/changed-items.js'

const endpoint = (id: number, address: number, ready: boolean): Endpoint => ({
  id: `e${String(id).padStart(2, '0')}`,
  addresses: [`10.0.0.${address}`],
  ports: {},
  conditions: { ready, serving: ready, terminating: false },
})

/** A step puts an endpoint somewhere into a slice, or takes out what is there. */
const step = fc.record({
  slice: fc.constantFrom('a', 'b'),
  at: fc.nat(20),
  put: fc.option(fc.tuple(fc.nat(30), fc.nat(8), fc.boolean())),
  replaces: fc.boolean(),
})

/** All endpoints from nothing: what counts of one id, in order. */
function oracle(slices: MergedEndpoints['slices']): readonly Endpoint[] {
  const rank = ({ conditions }: Endpoint): number => Number(conditions.ready)
  const all = [...slices.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, list]) => list)
  const ids = [...new Set(all.map(({ id }) => id))].sort()
  return ids.map(id =>
    all.filter(one => one.id === id).reduce((best, one) => (rank(one) > rank(best) ? one : best)),
  )
}

const full = Array.from({ length: 24 }, (_, n) => endpoint(n, n % 8, true))

test('what is merged change by change is what is merged at once, and the index of addresses follows', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const registry = createRegistry()
      const ports = [{ name: '', port: 80, protocol: 'TCP' }] as const
      registry.apply(1, [
        { op: 'set-service', service: { namespace: 'n', name: 's', mode: 'headless', vips: [], ports } },
        { op: 'set-endpoints', service: 'n/s', slice: 'a', endpoints: full },
      ])
      let merged: MergedEndpoints = { slices: new Map([['a', full]]), endpoints: full }
      for (const { slice, at, put, replaces } of steps) {
        const list = [...(merged.slices.get(slice) ?? [])]
        list.splice(at, Number(put === null || replaces), ...(put === null ? [] : [endpoint(...put)]))
        const { slices, endpoints, gone, come } = mergeSlice(merged, { name: slice, endpoints: list })
        expect(endpoints).toEqual(oracle(slices))
        expect(new Set([...merged.endpoints.filter(one => !gone.includes(one)), ...come])).toEqual(
          new Set(endpoints),
        )
        merged = { slices, endpoints }
        const snapshot = registry.apply(1, [{ op: 'set-endpoints', service: 'n/s', slice, endpoints: list }])
        expect(snapshot.services.get('n/s')?.endpoints).toEqual(endpoints)
        const held = endpoints.flatMap(({ addresses }) => addresses)
        expect(new Set(Array.from(snapshot.endpointAddresses.entries(), ([address]) => address))).toEqual(
          new Set(held),
        )
        expect(
          held.map(address => [
            servicesAt(snapshot, address),
            snapshot.endpointAddresses.get(address)?.length,
          ]),
        ).toEqual(held.map(address => [['n/s'], held.filter(one => one === address).length]))
      }
    }),
    { numRuns: 60 },
  )
})

test('what differs between two lists is found, whatever moved', () => {
  const item = fc.constantFrom(...full.slice(0, 6))
  fc.assert(
    fc.property(
      fc.uniqueArray(item, { maxLength: 6 }),
      fc.uniqueArray(item, { maxLength: 6 }),
      (before, after) => {
        const { gone, come } = changedItems(before, after)
        expect(new Set(gone)).toEqual(new Set(before.filter(one => !after.includes(one))))
        expect(new Set(come)).toEqual(new Set(after.filter(one => !before.includes(one))))
      },
    ),
  )
})
