import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OrdinalPlan, OrdinalRange, OrdinalView } from '../../../src/workloads/sets/index.js'
import { planOrdinals } from '../../../src/workloads/sets/index.js'

const range = fc.record({ replicas: fc.nat(4), start: fc.nat(2), ordered: fc.boolean() })
const state = fc.constantFrom('available' as const, 'pending' as const, 'terminating' as const)
const ordinals = fc
  .dictionary(fc.constantFrom('0', '1', '2', '3', '4', '5', '6'), state)
  .map(states =>
    Object.entries(states).map(([key, of]): OrdinalView => ({ ordinal: Number(key), state: of })),
  )

/** Kubernetes' walk, step by step: upwards what is wanted, then downwards what is condemned. */
function walk({ replicas, start }: OrdinalRange, views: readonly OrdinalView[]): string {
  const stateOf = (ordinal: number) => views.find(view => view.ordinal === ordinal)?.state
  const isWanted = (ordinal: number): boolean => ordinal >= start && ordinal < start + replicas
  const unhealthy = views.filter(view => view.state !== 'available').map(({ ordinal }) => ordinal)
  for (let ordinal = start; ordinal < start + replicas; ordinal += 1) {
    if (stateOf(ordinal) === undefined) return `create ${ordinal}`
    if (stateOf(ordinal) !== 'available') return `wait ${ordinal}`
  }
  for (let ordinal = 6; ordinal >= 0; ordinal -= 1) {
    const of = stateOf(ordinal)
    if (isWanted(ordinal) || of === undefined) continue
    if (of === 'terminating') return `wait ${ordinal}`
    const first = Math.min(...unhealthy)
    return of === 'available' || ordinal === first ? `delete ${ordinal}` : `wait ${first}`
  }
  return ''
}

const shown = ({ create, remove, waitsFor }: OrdinalPlan): string =>
  [
    ...create.map(ordinal => `create ${ordinal}`),
    ...remove.map(ordinal => `delete ${ordinal}`),
    ...(waitsFor === undefined ? [] : [`wait ${waitsFor}`]),
  ].join(', ')

test('ordered, one ordinal comes or goes at a time, as Kubernetes walks them', () => {
  fc.assert(
    fc.property(range, ordinals, (wanted, views) => {
      const ordered = { ...wanted, ordered: true }
      expect(shown(planOrdinals(ordered, views))).toBe(walk(ordered, views))
      expect(planOrdinals(ordered, [...views].reverse())).toEqual(planOrdinals(ordered, views))
    }),
    { numRuns: 300 },
  )
})

test('whatever is there, it ends with the ordinals that are wanted, without a gap', () => {
  fc.assert(
    fc.property(range, ordinals, (wanted, views) => {
      let there = views
      for (let step = 0; step < 30; step += 1) {
        const { create, remove } = planOrdinals(wanted, there)
        const made = create.map((ordinal): OrdinalView => ({ ordinal, state: 'pending' }))
        // What was terminating is gone, what was pending is available, what is deleted terminates.
        there = there
          .filter(view => view.state !== 'terminating')
          .map(view => ({ ...view, state: remove.includes(view.ordinal) ? 'terminating' : 'available' }))
        there = [...there, ...made]
      }
      const left = there.map(({ ordinal }) => ordinal).sort((a, b) => a - b)
      expect(left).toEqual(Array.from({ length: wanted.replicas }, (_, at) => wanted.start + at))
    }),
    { numRuns: 300 },
  )
})
