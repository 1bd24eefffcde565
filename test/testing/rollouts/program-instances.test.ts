import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Instances } from '../../../src/testing/rollouts/program-instances.js'

const happening = fc.oneof(
  fc.record({ startMs: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Infinity)) }),
  fc.record({ keep: fc.nat(12) }),
  fc.record({ passMs: fc.nat(10) }),
)

test('instances are counted as a list of when each serves, of which the first ones stay', () => {
  fc.assert(
    fc.property(fc.nat(6), fc.array(happening, { maxLength: 40, size: 'max' }), (first, happenings) => {
      const instances = new Instances(first)
      let times = Array.from({ length: first }, () => 0)
      let nowMs = 0
      for (const what of happenings) {
        if ('startMs' in what) {
          instances.start(nowMs + what.startMs)
          times.push(nowMs + what.startMs)
        } else if ('keep' in what) {
          instances.shrinkTo(what.keep)
          times = times.toSorted((a, b) => a - b).slice(0, what.keep)
        } else nowMs += what.passMs
        const available = times.filter(time => time <= nowMs).length
        expect(instances.tally('new', nowMs)).toEqual({ template: 'new', size: times.length, available })
        expect(instances.nextMs).toBe(Math.min(...times.filter(time => time > nowMs)))
      }
    }),
  )
})
