import fc from 'fast-check'
import type { BudgetSpec, IntOrPercent, MoveInput, Tally } from '../../src/rollout/index.js'

/** A tally whose numbers fit each other. */
export function tally(template: string): fc.Arbitrary<Tally> {
  return fc
    .record({
      size: fc.oneof({ weight: 3, arbitrary: fc.nat(12) }, fc.constant(0)),
      ready: fc.nat(12),
      dead: fc.nat(3),
      stopping: fc.nat(4),
      observed: fc.boolean(),
    })
    .map(({ size, ready, dead, stopping, observed }) => {
      const gone = Math.min(dead, size)
      return {
        template,
        size,
        available: Math.min(ready, size - gone),
        // What is 0 may be left out.
        ...(gone === 0 ? {} : { dead: gone }),
        ...(stopping === 0 ? {} : { stopping }),
        observed,
      }
    })
}

export const intOrPercent: fc.Arbitrary<IntOrPercent> = fc.oneof(
  fc.nat(6),
  fc.integer({ min: 0, max: 100 }).map(percent => `${percent}%`),
)

export const budget: fc.Arbitrary<BudgetSpec> = fc
  .record({
    maxSurge: intOrPercent,
    maxUnavailable: intOrPercent,
    giveWay: fc.constantFrom('surge' as const, 'unavailable' as const),
    surgeRounding: fc.constantFrom('up' as const, 'down' as const),
    countStopping: fc.boolean(),
  })
  .filter(({ maxSurge, maxUnavailable }) => maxSurge !== 0 || maxUnavailable !== 0)

const templates = ['a', 'b', 'c', 'd']

const wanted = fc.oneof({ weight: 3, arbitrary: fc.nat(8) }, fc.constant(undefined), fc.constant(0))

/** Any view of up to four templates with any goal, bounds and priorities. */
export const moveInput: fc.Arbitrary<MoveInput> = fc
  .record({
    sets: fc.subarray(templates).chain(names => fc.tuple(...names.map(tally))),
    sizes: fc.tuple(wanted, wanted, wanted, wanted),
    floor: fc.nat(10),
    above: fc.nat(8),
    grow: fc.shuffledSubarray(templates),
    shrink: fc.shuffledSubarray(templates),
    barrier: fc.boolean(),
    countStopping: fc.boolean(),
    blind: fc.integer({ min: 0, max: 3 }),
    notAwaited: fc.subarray(['a', 'b']),
  })
  .map(({ sets, sizes, floor, above, blind, ...rest }) => ({
    // Most views are observed, or else hardly anything would ever shrink.
    sets: blind === 0 ? sets : sets.map(set => ({ ...set, observed: true })),
    goal: new Map(
      templates.flatMap((template, index) => (sizes[index] === undefined ? [] : [[template, sizes[index]]])),
    ),
    bounds: { floor, ceil: floor + above },
    ...rest,
  }))
