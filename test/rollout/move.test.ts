import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Move, MoveInput, Tally } from '../../src/rollout/index.js'
import { move } from '../../src/rollout/index.js'
import { moveInput } from './arbitraries.js'
import { moveOneByOne } from './move-one-by-one.js'

const live = (sets: readonly Tally[]): number => sets.reduce((sum, set) => sum + set.size, 0)
const available = (sets: readonly Tally[]): number => sets.reduce((sum, set) => sum + set.available, 0)
const stopping = (sets: readonly Tally[]): number => sets.reduce((sum, set) => sum + (set.stopping ?? 0), 0)

/** What the sets are once an executor, which stops the dead and the unavailable first, has done its work. */
function applied(input: MoveInput, { sizes }: Move): readonly Tally[] {
  return [...sizes].map(([template, size]) => {
    const set = input.sets.find(other => other.template === template) ?? { template, size: 0, available: 0 }
    const dead = Math.max(0, (set.dead ?? 0) - Math.max(0, set.size - size))
    return {
      ...set,
      size,
      dead,
      available: Math.min(set.available, size - dead),
      stopping: (set.stopping ?? 0) + Math.max(0, set.size - size),
    }
  })
}

function law(name: string, holds: (input: MoveInput, step: Move) => void, numRuns = 500): void {
  test(name, () => {
    fc.assert(
      fc.property(moveInput, input => holds(input, move(input))),
      { numRuns },
    )
  })
}

describe('move', () => {
  law(
    'is what one instance at a time comes to, with the same reasons',
    (input, step) => {
      const slow = moveOneByOne(input)
      expect([...step.sizes]).toEqual([...slow.sizes])
      expect(step.blockers).toEqual(slow.blockers)
    },
    2_000,
  )

  law('never takes availability below the floor, nor further below it', (input, step) => {
    const after = available(applied(input, step))
    expect(after).toBeGreaterThanOrEqual(Math.min(available(input.sets), input.bounds.floor))
  })

  law('never requests more than the ceiling, nor more above it', (input, step) => {
    expect(live(applied(input, step))).toBeLessThanOrEqual(Math.max(live(input.sets), input.bounds.ceil))
  })

  law('counts stopping instances against the ceiling when asked to', (input, step) => {
    if (input.countStopping !== true) return
    const before = live(input.sets) + stopping(input.sets)
    const after = applied(input, step)
    expect(live(after) + stopping(after)).toBeLessThanOrEqual(Math.max(before, input.bounds.ceil))
  })

  law('moves every set towards its goal and never past it, unless the ceiling was lowered', (input, step) => {
    const after = [...step.sizes.values()].reduce((sum, size) => sum + size, 0)
    for (const [template, size] of step.sizes) {
      const set = input.sets.find(each => each.template === template)
      const before = set?.size ?? 0
      const goal = input.goal.get(template) ?? 0
      expect(size).toBeLessThanOrEqual(Math.max(before, goal))
      if (size >= Math.min(before, goal)) continue
      // Only what is not available, and no more of it than is above the ceiling.
      expect(size).toBeGreaterThanOrEqual(set?.available ?? 0)
      expect(after).toBeGreaterThanOrEqual(input.bounds.ceil)
    }
  })

  law('comes below a lowered ceiling at once, as far as what is available allows', (input, step) => {
    if (input.sets.some(set => set.observed === false)) return
    const shrinks = new Set(input.shrink)
    if (input.sets.some(set => !shrinks.has(set.template))) return
    const after = [...step.sizes.values()].reduce((sum, size) => sum + size, 0)
    const available = input.sets.reduce((sum, set) => sum + set.available, 0)
    const grown = [...step.sizes].some(
      ([template, size]) => size > (input.sets.find(set => set.template === template)?.size ?? 0),
    )
    if (!grown) expect(after).toBeLessThanOrEqual(Math.max(input.bounds.ceil, available))
  })

  law('applied twice to an unchanged world only goes further', (input, step) => {
    const sets = applied(input, step).map(set => ({ ...set, stopping: 0 }))
    const again = move({ ...input, sets })
    for (const { template, size } of sets) {
      const goal = input.goal.get(template) ?? 0
      const further = again.sizes.get(template) ?? 0
      expect(Math.abs(further - goal)).toBeLessThanOrEqual(Math.abs(size - goal))
    }
  })

  test('gives the same sizes and reasons whatever the order of the sets', () => {
    fc.assert(
      fc.property(moveInput, fc.nat(3), (input, turn) => {
        const sets = [...input.sets.slice(turn), ...input.sets.slice(0, turn)].reverse()
        const [one, two] = [move(input), move({ ...input, sets })]
        expect(Object.fromEntries(two.sizes)).toEqual(Object.fromEntries(one.sizes))
        expect(two.blockers).toEqual(one.blockers)
      }),
    )
  })

  law('commutes with renaming the templates', (input, step) => {
    const rename = (template: string): string => `z${'dcba'.indexOf(template)}`
    const renamed = move({
      ...input,
      sets: input.sets.map(set => ({ ...set, template: rename(set.template) })),
      goal: new Map([...input.goal].map(([template, size]) => [rename(template), size])),
      grow: input.grow.map(rename),
      shrink: input.shrink.map(rename),
      ...(input.notAwaited === undefined ? {} : { notAwaited: input.notAwaited.map(rename) }),
    })
    expect(new Map(renamed.sizes)).toEqual(
      new Map([...step.sizes].map(([template, size]) => [rename(template), size])),
    )
  })

  law('takes nothing away while a resize is not observed', (input, step) => {
    if (input.sets.every(set => set.observed !== false)) return
    for (const set of input.sets) expect(step.sizes.get(set.template)).toBeGreaterThanOrEqual(set.size)
  })

  law('grows nothing behind a barrier until what leaves is gone', (input, step) => {
    const leaving = input.sets.some(
      set => (input.goal.get(set.template) ?? 0) === 0 && set.size + (set.stopping ?? 0) > 0,
    )
    if (input.barrier !== true || !leaving) return
    for (const [template, size] of step.sizes) {
      expect(size).toBeLessThanOrEqual(input.sets.find(set => set.template === template)?.size ?? 0)
    }
  })

  test('unavailable instances of a template at its goal are kept count of, too', () => {
    const sets = [
      { template: 'old', size: 3, available: 0 },
      { template: 'new', size: 10, available: 0 },
    ]
    const step = move({
      sets,
      goal: new Map([['new', 10]]),
      bounds: { floor: 8, ceil: 13 },
      grow: ['new'],
      shrink: ['old'],
    })
    expect(step.sizes.get('old')).toBe(3)
  })

  test('a new template that never becomes available does not use up the old one', () => {
    // Old instances flap one at a time; each is unavailable at some step and must not be traded in.
    let sets: readonly Tally[] = [{ template: 'old', size: 10, available: 10 }]
    for (let step = 0; step < 50; step++) {
      const input = {
        sets,
        goal: new Map([['new', 10]]),
        bounds: { floor: 8, ceil: 13 },
        grow: ['new'],
        shrink: ['old'],
      }
      const after = applied(input, move(input))
      sets = after.map(set =>
        set.template === 'old' ? { ...set, available: set.size - (step % 2) } : { ...set, available: 0 },
      )
    }
    expect(sets.find(set => set.template === 'old')?.size).toBe(8)
  })
})
