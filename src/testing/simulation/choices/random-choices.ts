import type { Random } from '../../../core/index.js'
import { createSeededRandom } from '../../../core/index.js'
import type { Action, ActionKind } from '../actions/action.js'
import type { ActionList } from '../actions/action-list.js'
import type { FaultPlan, PlannedFault } from '../actions/fault-settings.js'
import type { Fault } from '../actions/faults/fault.js'
import { FAULTS } from '../actions/faults/faults.js'
import type { ChoiceSource } from './choice-source.js'

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
/** In so many executions a kind of fault is left out. */
const LEFT_OUT = 0.5
const LEFT_OUT_MOSTLY = 0.875

/**
 * Draws at random. Each source has preferences of its own, so that over many of them every kind of action is
 * sometimes early, sometimes late, and half of the kinds of faults are left out, unless `faults` says at which rate.
 */
export function randomChoices(seed: number, faults: FaultPlan): ChoiceSource {
  const random = createSeededRandom(seed).fork('choices')
  const weights = new Map<ActionKind, number>()
  // A stream for each kind: one more of them changes nothing for the others.
  for (const kind of ORDINARY) weights.set(kind, pickOne(random.fork(kind), ordinaryWeights))
  for (const { kind, isRare, isLeftOut } of FAULTS) {
    const own = random.fork(kind)
    const isOut = own.next() < chanceLeftOut(isLeftOut, faults[kind])
    const weight = isOut ? 0 : pickOne(own, isRare === true ? rareWeights : faultWeights)
    weights.set(kind, faults[kind].rate ?? weight)
  }
  return {
    choose: actions => {
      const drawn = random.next() * totalWeight(actions, weights)
      return indexAt(drawn, actions, weights)
    },
  }
}

type Weights = ReadonlyMap<ActionKind, number>

function totalWeight({ ordinary, faults }: ActionList, weights: Weights): number {
  let total = 0
  for (const { kind } of ordinary) total += weights.get(kind) ?? 1
  for (const { kind, offers } of faults) total += offers.length * (weights.get(kind) ?? 1)
  return total
}

/** Which one a weight falls on, when they lie one behind the other. */
function indexAt(drawn: number, { ordinary, faults }: ActionList, weights: Weights): number {
  let left = drawn
  for (let index = 0; index < ordinary.length; index++) {
    left -= weights.get((ordinary[index] as Action).kind) ?? 1
    if (left < 0) return index
  }
  let index = ordinary.length
  for (const { kind, offers } of faults) {
    const weight = weights.get(kind) ?? 1
    if (left < offers.length * weight) return index + Math.min(offers.length - 1, Math.floor(left / weight))
    left -= offers.length * weight
    index += offers.length
  }
  return 0
}

function pickOne(random: Random, values: readonly number[]): number {
  return values[Math.floor(random.next() * values.length)] as number
}

/** In what part of the executions that are drawn a fault is left out. */
export function chanceLeftOut(
  isLeftOut: Fault['isLeftOut'],
  { isAsked }: Pick<PlannedFault, 'isAsked'>,
): number {
  if (isLeftOut === undefined || isAsked) return LEFT_OUT
  return isLeftOut === 'unasked' ? 1 : LEFT_OUT_MOSTLY
}
