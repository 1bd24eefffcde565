import { describe, expect, test } from 'vitest'
import type { Tally } from '../../src/rollout/index.js'
import { move, resolveBudget } from '../../src/rollout/index.js'

/** Size and availability of the old and the new template: all that matters of a state. */
type State = readonly [oldSize: number, oldAvailable: number, newSize: number, newAvailable: number]

const budgets = [0, 1, 2, '25%', '50%', '100%']

function step(
  [oldSize, oldAvailable, newSize, newAvailable]: State,
  desired: number,
  bounds: { floor: number; ceil: number },
): State {
  const sets: Tally[] = [
    { template: 'old', size: oldSize, available: oldAvailable },
    { template: 'new', size: newSize, available: newAvailable },
  ]
  const { sizes } = move({
    sets,
    goal: new Map([['new', desired]]),
    bounds,
    grow: ['new'],
    shrink: ['old', 'new'],
  })
  const [old = 0, next = 0] = [sizes.get('old'), sizes.get('new')]
  return [old, Math.min(oldAvailable, old), next, Math.min(newAvailable, next)]
}

/** Anything that the world may do to one instance: fail or recover, of either template. */
function disturbed([oldSize, oldAvailable, newSize, newAvailable]: State): State[] {
  const states: State[] = []
  if (oldAvailable > 0) states.push([oldSize, oldAvailable - 1, newSize, newAvailable])
  if (oldAvailable < oldSize) states.push([oldSize, oldAvailable + 1, newSize, newAvailable])
  if (newAvailable > 0) states.push([oldSize, oldAvailable, newSize, newAvailable - 1])
  if (newAvailable < newSize) states.push([oldSize, oldAvailable, newSize, newAvailable + 1])
  return states
}

/** Walks through every state that failures, recoveries and steps can lead to. */
function explore(
  desired: number,
  bounds: { floor: number; ceil: number },
): { readonly states: number; readonly faults: string[] } {
  const start: State = [desired, desired, 0, 0]
  const seen = new Set([start.join()])
  const queue = [start]
  const faults: string[] = []
  for (let state = queue.pop(); state; state = queue.pop()) {
    const after = step(state, desired, bounds)
    const before = state[1] + state[3]
    if (after[1] + after[3] < Math.min(before, bounds.floor)) faults.push(`floor: ${state} → ${after}`)
    if (after[0] + after[2] > Math.max(state[0] + state[2], bounds.ceil))
      faults.push(`ceiling: ${state} → ${after}`)
    if (!converges(state, desired, bounds)) faults.push(`deadlock: ${state}`)
    for (const next of [after, ...disturbed(state)]) {
      if (seen.has(next.join())) continue
      seen.add(next.join())
      queue.push(next)
    }
  }
  return { states: seen.size, faults }
}

/** From here on every new instance becomes available and no old one ever recovers: the rollout still ends. */
function converges(from: State, desired: number, bounds: { floor: number; ceil: number }): boolean {
  let state = from
  for (let round = 0; round <= 4 * desired + 4; round++) {
    if (state.join() === [0, 0, desired, desired].join()) return true
    const [old, oldAvailable, next] = step(state, desired, bounds)
    state = [old, oldAvailable, next, next]
  }
  return false
}

describe('every state that failures can lead to', () => {
  for (let desired = 1; desired <= 5; desired++) {
    test(`with ${desired} desired: keeps floor and ceiling, and never deadlocks`, () => {
      let states = 0
      for (const maxSurge of budgets) {
        for (const maxUnavailable of budgets) {
          if (maxSurge === 0 && maxUnavailable === 0) continue
          const found = explore(desired, resolveBudget({ maxSurge, maxUnavailable }, desired))
          expect(found.faults).toEqual([])
          states += found.states
        }
      }
      expect(states).toBeGreaterThan(35 * desired)
    })
  }
})
