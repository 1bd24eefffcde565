import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planJobSlots, planSlots, slotsByKeeping } from '../../../src/workloads/sets/index.js'

const slots = fc.uniqueArray(
  fc.record(
    {
      slot: fc.integer({ min: 1, max: 9 }),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      running: fc.boolean(),
      terminating: fc.boolean(),
    },
    { requiredKeys: ['slot', 'running', 'terminating'] },
  ),
  { selector: ({ slot }) => slot, maxLength: 9 },
)

test('slots come with the lowest free numbers and go in one order, in whichever they are told', () => {
  fc.assert(
    fc.property(slots, fc.nat(12), (views, replicas) => {
      const { create, remove } = planSlots(replicas, views)
      const staying = views.filter(({ terminating }) => !terminating)
      const taken = new Set(views.map(({ slot }) => slot))
      const free = Array.from({ length: 30 }, (_, at) => at + 1).filter(slot => !taken.has(slot))
      expect(create).toEqual(free.slice(0, Math.max(0, replicas - staying.length)))
      expect(staying.length + create.length - remove.length).toBe(replicas)
      expect(remove.every(slot => staying.some(view => view.slot === slot))).toBe(true)
      expect(planSlots(replicas, [...views].reverse())).toEqual({ create, remove })
    }),
  )
})

test('of a node with many copies one goes before the only one of another, and what does not run before what does', () => {
  fc.assert(
    fc.property(slots, views => {
      const kept = slotsByKeeping(views)
      const copyOf = (at: number): number => {
        const node = kept[at]?.node
        return node === undefined ? Infinity : kept.slice(0, at).filter(view => view.node === node).length
      }
      for (const [at, view] of kept.entries()) {
        const next = kept[at + 1]
        if (next === undefined) continue
        expect(copyOf(at)).toBeLessThanOrEqual(copyOf(at + 1))
        if (copyOf(at) !== copyOf(at + 1)) continue
        expect(Number(view.running)).toBeGreaterThanOrEqual(Number(next.running))
        if (view.running === next.running) expect(view.slot).toBeLessThan(next.slot)
      }
    }),
  )
})

test('a job begins as many slots as may run at once, never more than are to be completed, and none twice', () => {
  const state = fc.constantFrom('Complete' as const, 'Stopped' as const, undefined)
  const limits = fc.record({ totalCompletions: fc.nat(9), maxConcurrent: fc.nat(9) })
  fc.assert(
    fc.property(limits, fc.array(state, { maxLength: 9 }), (job, phases) => {
      const there = phases.map((phase, slot) => ({ slot, ...(phase === undefined ? {} : { phase }) }))
      const begun = planJobSlots(job, there)
      const atWork = phases.filter(phase => phase === undefined).length
      const wanted = Math.min(job.maxConcurrent - atWork, job.totalCompletions - phases.length)
      expect(begun).toEqual(Array.from({ length: Math.max(0, wanted) }, (_, at) => phases.length + at))
    }),
  )
})
