import { expect } from 'vitest'
import type { Endpoint } from '../../src/discovery/index.js'
import { eligibleEndpoints, endpointConditions } from '../../src/discovery/services/endpoint-conditions.js'
import type { SliceContent } from '../../src/discovery/services/endpoint-slices.js'
import { planSlices } from '../../src/discovery/services/endpoint-slices.js'
import type { Case } from './discovery-case.js'

interface Item {
  readonly id: string
}

export function checkSlices(example: Case): void {
  const { existing, desiredCount } = example.input as {
    existing: readonly { name: string; count: number; prefix: string }[]
    desiredCount: number
  }
  const before: SliceContent<Item>[] = existing.map(({ name, count, prefix }) => ({
    name,
    endpoints: Array.from({ length: count }, (_, i) => ({ id: `${prefix}${i}` })),
  }))
  const known = before.flatMap(slice => slice.endpoints)
  const extra = Array.from({ length: Math.max(0, desiredCount - known.length) }, (_, i) => ({
    id: `new${i}`,
  }))
  const desired = [...known, ...extra].slice(0, desiredCount)
  const plan = planSlices({
    existing: before,
    desired,
    equal: (a, b) => a.id === b.id,
    newName: n => `new-${n}`,
  })
  const after = new Map(before.map(slice => [slice.name, slice]))
  for (const slice of [...plan.update, ...plan.create]) after.set(slice.name, slice)
  for (const name of plan.delete) after.delete(name)
  const sizes = [...after.values()].map(slice => slice.endpoints.length)
  expect({
    sizes,
    ops: { create: plan.create.length, update: plan.update.length, delete: plan.delete.length },
    placeholder: sizes.length === 1 && sizes[0] === 0,
  }).toEqual(example.expect)
  const ids = [...after.values()].flatMap(slice => slice.endpoints.map(item => item.id))
  expect(ids.sort()).toEqual(desired.map(item => item.id).sort())
}

export function checkTable(example: Case): void {
  switch (example.id) {
    case 'endpoint-conditions': {
      const rows = example.input as readonly { podReady: boolean; deleting: boolean; publish?: boolean }[]
      return expect(
        rows.map(({ podReady, deleting, publish = false }) =>
          endpointConditions({ ready: podReady, deleting, publishNotReady: publish }),
        ),
      ).toEqual(example.expect)
    }
    case 'proxy-pick': {
      const rows = example.input as readonly { eps: readonly string[]; policy: 'Cluster' | 'Local' }[]
      return expect(rows.map(({ eps, policy }) => pick(eps, policy))).toEqual(example.expect)
    }
    default:
      throw new Error(`no runner knows the table ${example.id}`)
  }
}

/** `r` ready, `s` serving and terminating, `x` neither; `L` is on the local node. */
function pick(names: readonly string[], policy: 'Cluster' | 'Local'): readonly string[] {
  const endpoints = names.map(
    (id): Endpoint => ({
      id,
      addresses: [],
      ports: {},
      nodeName: id.endsWith('L') ? 'local' : 'other',
      conditions: {
        ready: id.startsWith('r'),
        serving: !id.startsWith('x'),
        terminating: id.startsWith('s'),
      },
    }),
  )
  const scope =
    policy === 'Cluster' ? ({ kind: 'cluster' } as const) : ({ kind: 'node', node: 'local' } as const)
  return eligibleEndpoints(endpoints, scope).map(endpoint => endpoint.id)
}
