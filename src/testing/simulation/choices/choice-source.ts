import type { Random } from '../../../core/index.js'
import { createSeededRandom } from '../../../core/index.js'
import type { Action, ActionKind, FaultKind } from '../actions/action.js'
import { FAULT_KINDS } from '../actions/action.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { Recall } from '../run/state-key.js'

/** Where an execution is, for those who have been there before. */
export interface Whereabouts {
  /** The same for two states from which the same can happen; see `StateKeys`. */
  key(): string
  /** The key that there would be if that process were gone. */
  keyWithout(process: string): string
  /** An action, as it is called in all states of one key. */
  labelOf(action: Action): string
  /** True while there is nothing outside the store that a process could have changed in passing. */
  readonly isPlain: boolean
  /** How many more faults of each kind may happen. */
  readonly left: Readonly<Record<FaultKind, number>>
}

/** Decides what happens next. */
export interface ChoiceSource {
  /** Present when it wants to know the states, and what is told apart in them. */
  readonly recall?: Recall
  /**
   * An index into `actions`, of which there are two at least, or `stop` when the rest is known. The first is always
   * the undisturbed way on.
   *
   * @param where where a source with `recall` is; undefined before the world begins
   */
  choose(actions: readonly Action[], where?: Whereabouts): number | 'stop'
}

/** Takes the choices given, then the first action for ever. A choice that is not on offer counts as the first. */
export function replayChoices(choices: readonly number[]): ChoiceSource {
  let next = 0
  return {
    choose: actions => {
      const choice = choices[next++] ?? 0
      return choice < actions.length ? choice : 0
    },
  }
}

const ORDINARY: readonly ActionKind[] = [
  'commit',
  'deliver',
  'reconcile',
  'call',
  'timer',
  'start',
  'stop',
  'resume',
  'user',
  'collect',
]
const ordinaryWeights = [1, 4, 16]
const faultWeights = [0.2, 1, 4]
/** Of what is possible in few places only. */
const rareWeights = [4, 16]

/**
 * Draws at random. Each source has preferences of its own, so that over many of them every kind of action is
 * sometimes early, sometimes late, and half of the kinds of faults are left out, unless `faults` says at which rate.
 */
export function randomChoices(seed: number, faults: FaultPlan): ChoiceSource {
  const random = createSeededRandom(seed).fork('choices')
  const weights = new Map<ActionKind, number>()
  // A stream for each kind: one more of them changes nothing for the others.
  for (const kind of ORDINARY) weights.set(kind, pickOne(random.fork(kind), ordinaryWeights))
  for (const kind of FAULT_KINDS)
    weights.set(
      kind,
      faults[kind].rate ?? faultWeight(random.fork(kind), kind === 'stall' ? rareWeights : faultWeights),
    )
  return {
    choose: actions => {
      let total = 0
      for (const { kind } of actions) total += weights.get(kind) ?? 1
      let drawn = random.next() * total
      for (let index = 0; index < actions.length; index++) {
        drawn -= weights.get((actions[index] as Action).kind) ?? 1
        if (drawn < 0) return index
      }
      return 0
    },
  }
}

function faultWeight(random: Random, weights: readonly number[]): number {
  return random.next() < 0.5 ? 0 : pickOne(random, weights)
}

function pickOne(random: Random, values: readonly number[]): number {
  return values[Math.floor(random.next() * values.length)] as number
}
