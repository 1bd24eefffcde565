import { InvalidError } from '../errors.js'
import type { ResourceVector } from '../resources/resources.js'
import { amountOf, containsResources, subtractResources } from '../resources/resources.js'
import { weightThousandths } from './fair-tree.js'
import type { Fraction } from './fraction.js'
import { compareFractions, fractionOf, multiplyFractions, ZERO_FRACTION } from './fraction.js'

/** Somebody who runs equal tasks. */
export interface FillUser {
  readonly name: string
  /** What one task takes; not nothing. */
  readonly demand: ResourceVector
  /** Default 1. */
  readonly weight?: number
  /** A weight for each resource, in place of `weight`; default 1 for those not named. */
  readonly weights?: Readonly<Record<string, number>>
  /** Most tasks. Default: no bound. */
  readonly tasksMax?: number
}

/** What progressive filling comes to. */
export interface FillResult {
  /** Who got a task, one after the other. */
  readonly order: readonly string[]
  /** By name: tasks, what they take, and the dominant share divided by the weight. */
  readonly users: ReadonlyMap<
    string,
    { readonly tasks: number; readonly allocated: ResourceVector; readonly share: Fraction }
  >
  readonly free: ResourceVector
}

/** Most tasks that are handed out in one call. */
const TASKS_MAX = 1_000_000

interface FillState {
  readonly user: FillUser
  /** Share of one task; the share is that many times as large. */
  readonly step: Fraction
  tasks: number
  out: boolean
}

/**
 * Progressive filling (Ghodsi et al., NSDI 2011, section 4): again and again the user with the smallest weighted
 * dominant share gets one task, until nobody's task fits. Ties go to the lower name.
 * Exact: shares are fractions of whole numbers.
 *
 * @throws InvalidError for a user without demand, two of one name, or more than 1,000,000 tasks
 */
export function progressiveFill(total: ResourceVector, users: readonly FillUser[]): FillResult {
  const states = users.map(user => stateOf(total, user))
  if (new Set(users.map(({ name }) => name)).size < users.length)
    throw fault('users', users.length, 'must have different names')
  const order: string[] = []
  let free = total
  for (;;) {
    const next = nextOf(states)
    if (next === undefined) break
    const { user } = next
    if (!containsResources(free, user.demand) || next.tasks >= (user.tasksMax ?? Number.POSITIVE_INFINITY)) {
      next.out = true
      continue
    }
    if (order.length === TASKS_MAX) throw fault('tasks', TASKS_MAX, `must come to at most ${TASKS_MAX} tasks`)
    free = subtractResources(free, user.demand)
    next.tasks++
    order.push(user.name)
  }
  return { order, users: new Map(states.map(state => [state.user.name, resultOf(state)])), free }
}

function nextOf(states: readonly FillState[]): FillState | undefined {
  let next: FillState | undefined
  for (const state of states) if (!state.out && (next === undefined || precedes(state, next))) next = state
  return next
}

function precedes(a: FillState, b: FillState): boolean {
  const shares = compareFractions(shareOf(a), shareOf(b))
  if (shares !== 0) return shares < 0
  return a.user.name < b.user.name
}

function shareOf({ step, tasks }: FillState): Fraction {
  return multiplyFractions(step, { numerator: BigInt(tasks), denominator: 1n })
}

function resultOf(state: FillState): { tasks: number; allocated: ResourceVector; share: Fraction } {
  const { user, tasks } = state
  const allocated: Record<string, number> = {}
  for (const name of Object.keys(user.demand).sort()) {
    const amount = (user.demand[name] ?? 0) * tasks
    if (amount > 0) allocated[name] = amount
  }
  return { tasks, allocated, share: shareOf(state) }
}

function stateOf(total: ResourceVector, user: FillUser): FillState {
  const { name, demand, weight = 1, weights } = user
  const ofResources = weights === undefined ? undefined : new Map(Object.entries(weights))
  let step = ZERO_FRACTION
  let wants = false
  for (const resource of Object.keys(demand)) {
    const amount = demand[resource] ?? 0
    const whole = amountOf(total, resource)
    wants ||= amount > 0
    if (amount <= 0 || whole <= 0) continue
    const divisor = ofResources === undefined ? weight : (ofResources.get(resource) ?? 1)
    const share = fractionOf(BigInt(amount) * 1000n, BigInt(whole) * BigInt(weightThousandths(divisor)))
    if (compareFractions(share, step) > 0) step = share
  }
  if (!wants) throw fault('demand', name, 'must ask for something')
  return { user, step, tasks: 0, out: false }
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('progressive filling', [{ field, value, message }])
}
