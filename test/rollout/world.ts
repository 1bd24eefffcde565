import type { Plan, Program, RolloutSpec, RolloutState, RolloutTally } from '../../src/rollout/index.js'
import { plan, rolling } from '../../src/rollout/index.js'

/** A tiny cluster: one set per template, an executor that obeys at once, and instances that come up when told. */
export interface World {
  spec: RolloutSpec
  state: RolloutState | undefined
  nowMs: number
  sets: Map<string, RolloutTally>
  readonly outcomes: string[]
  /** Decides and applies once. The state goes through JSON, as it does in a store. */
  step(): Plan
  /** Steps until nothing changes; everything but `broken` becomes available after each step. Sizes `[old…, new]`. */
  settle(broken?: readonly string[]): string[]
  /** Asks for another template under the next entry number. */
  roll(template: string, change?: Partial<RolloutSpec>): void
  sizes(): Record<string, number>
}

export function createWorld(desired: number, program: Program = rolling()): World {
  const world: World = {
    spec: { desired, template: 'a', entry: 1, cause: 'update', paused: false, program },
    state: undefined,
    nowMs: 1_000_000,
    sets: new Map(),
    outcomes: [],
    step() {
      const decided = plan(world.spec, world.state, { sets: [...world.sets.values()] }, world.nowMs)
      world.state = JSON.parse(JSON.stringify(decided.state)) as RolloutState
      for (const action of decided.actions) {
        if (action.op === 'size') {
          const set = world.sets.get(action.template) ?? { template: action.template, size: 0, available: 0 }
          world.sets.set(action.template, {
            ...set,
            size: action.size,
            available: Math.min(set.available, action.size),
          })
        } else if (action.op === 'outcome') {
          world.outcomes.push(`${action.entry} ${action.outcome}${action.cause ? ` ${action.cause}` : ''}`)
          if (action.outcome === 'succeeded') world.spec = { ...world.spec, stable: world.spec.template }
        } else {
          world.spec = { ...world.spec, template: action.template, entry: action.entry, cause: 'revert' }
        }
      }
      return decided
    },
    settle(broken = []) {
      const trace = [shown(world)]
      for (let round = 0; round < 1000; round++) {
        const { actions } = world.step()
        const now = shown(world)
        if (now !== trace.at(-1)) trace.push(now)
        let healed = false
        for (const [template, set] of world.sets) {
          if (broken.includes(template) || set.available === set.size) continue
          world.sets.set(template, { ...set, available: set.size })
          healed = true
        }
        if (actions.length === 0 && !healed) return trace
      }
      throw new Error(`did not settle: ${trace.slice(-4).join(' ')}`)
    },
    roll(template, change = {}) {
      world.spec = { ...world.spec, template, entry: world.spec.entry + 1, cause: 'update', ...change }
    },
    sizes() {
      const live = [...world.sets.values()].filter(set => set.size > 0)
      return Object.fromEntries(live.map(set => [set.template, set.size]))
    },
  }
  return world
}

function shown(world: World): string {
  return [...world.sets.values()]
    .filter(set => set.size > 0)
    .map(set => `${set.template}${set.size}`)
    .sort()
    .join('+')
}

/** A world in which template `a` has succeeded. */
export function runningWorld(desired: number, program?: Program): World {
  const world = createWorld(desired, program)
  world.settle()
  return world
}
