import type { ReasonSummary } from '../../core/index.js'
import { InvalidError, KeelsonError } from '../../core/index.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import { partsOf } from '../scheduler.js'

/** Requests that are placed together or not at all. */
export interface Gang {
  readonly name: string
  /** At most 10,000, those of its groups included. */
  readonly members?: readonly PlacementRequest[]
  /** How many members must be placed; more are placed if they fit. At least 1. Default: all. */
  readonly min?: number
  /** Gangs within the gang, each placed as a whole. */
  readonly groups?: readonly Gang[]
  /** How many groups must be placed. Default: all. */
  readonly minGroups?: number
}

/** What became of a gang. */
export type GangResult =
  | {
      readonly kind: 'placed'
      /** Node by key. */
      readonly nodes: ReadonlyMap<string, string>
      /** Members that did not fit beyond the minimum. */
      readonly left: readonly string[]
    }
  | {
      readonly kind: 'unschedulable'
      /** How many members would have fitted. Nothing of them is held. */
      readonly fit: number
      /** How many were missing to the minimum. */
      readonly short: number
      /** Why the first one that did not fit did not. */
      readonly reasons: ReasonSummary | undefined
    }

const MEMBERS_MAX = 10_000

/**
 * Places a gang, or nothing of it. What must be placed is placed first, then what else fits: members in the order given,
 * groups that need fewest members first, the best node for each. What was placed is taken back when the minimum is not
 * reached, within the call: a gang that waits holds nothing, and what was held for its members is held still.
 *
 * @throws InvalidError for a minimum that cannot be; KeelsonError `TooLarge` for more than 10,000 members; as `place`
 */
export function placeGang(scheduler: Scheduler, gang: Gang): GangResult {
  checkGang(gang)
  const trial = new Trial(scheduler)
  // What a single request does not get it gives back by itself.
  const takeBack = sizeOf(gang) > 1 ? partsOf(scheduler).mark() : undefined
  try {
    const short = trial.placeMinimum(gang)
    if (short > 0) {
      takeBack?.()
      return { kind: 'unschedulable', fit: trial.nodes.size, short, reasons: trial.reasons }
    }
    trial.fillUp(gang)
  } catch (error) {
    takeBack?.()
    throw error
  }
  const { nodes } = trial
  return { kind: 'placed', nodes, left: keysOf(gang).filter(key => !nodes.has(key)) }
}

function keysOf({ members = [], groups = [] }: Gang): readonly string[] {
  return [...members.map(({ key }) => key), ...groups.flatMap(keysOf)]
}

class Trial {
  /** Node by key. */
  readonly nodes = new Map<string, string>()
  reasons: ReasonSummary | undefined
  readonly #scheduler: Scheduler
  readonly #refused = new Set<PlacementRequest>()
  /** Groups that were tried, and whether they have their minimum. */
  readonly #isWhole = new Map<Gang, boolean>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Places what must be of the gang: how much is missing to that. */
  placeMinimum(gang: Gang): number {
    const { members = [], min = members.length, groups = [], minGroups = groups.length } = gang
    let placed = 0
    for (const request of members) {
      if (placed === min) break
      if (this.#tryMember(request)) placed++
    }
    // When not all have to be there, those that need least leave most room for others.
    const inOrder = minGroups < groups.length ? groups.toSorted((a, b) => needOf(a) - needOf(b)) : groups
    let whole = 0
    for (const group of inOrder) {
      if (whole === minGroups) break
      if (this.#tryGroup(group)) whole++
    }
    return min - placed + (minGroups - whole)
  }

  /** Places what else fits: members, more of the groups that are there, and more groups. */
  fillUp({ members = [], groups = [] }: Gang): void {
    for (const request of members)
      if (!this.nodes.has(request.key) && !this.#refused.has(request)) this.#tryMember(request)
    for (const group of groups) if (this.#isWhole.get(group) ?? this.#tryGroup(group)) this.fillUp(group)
  }

  #tryMember(request: PlacementRequest): boolean {
    const result = this.#scheduler.place(request)
    if (result.kind === 'placed') {
      this.nodes.set(request.key, result.node)
      return true
    }
    this.#refused.add(request)
    this.reasons ??= result.reasons
    return false
  }

  /** Places the minimum of a group, or nothing of it. */
  #tryGroup(group: Gang): boolean {
    const takeBack = partsOf(this.#scheduler).mark()
    const before = this.nodes.size
    const isWhole = this.placeMinimum(group) === 0
    this.#isWhole.set(group, isWhole)
    if (isWhole) return true
    takeBack()
    for (const key of [...this.nodes.keys()].slice(before)) this.nodes.delete(key)
    return false
  }
}

/** How many members must be placed, those of groups included. */
function needOf({
  members = [],
  min = members.length,
  groups = [],
  minGroups = groups.length,
}: Gang): number {
  const needs = groups.map(needOf).sort((a, b) => a - b)
  return needs.slice(0, minGroups).reduce((sum, need) => sum + need, min)
}

/** @throws InvalidError for a minimum that cannot be; KeelsonError `TooLarge` for more than 10,000 members */
export function checkGang(gang: Gang): void {
  const size = sizeOf(gang)
  if (size > MEMBERS_MAX) {
    throw new KeelsonError({
      code: 'TooLarge',
      message: `gang ${gang.name} has ${size} members, more than ${MEMBERS_MAX}; split it into several`,
      details: { gang: gang.name, members: size, membersMax: MEMBERS_MAX },
    })
  }
  checkMinimum(gang)
}

function sizeOf({ members = [], groups = [] }: Gang): number {
  return groups.reduce((sum, group) => sum + sizeOf(group), members.length)
}

function checkMinimum({
  name,
  members = [],
  min = members.length,
  groups = [],
  minGroups = groups.length,
}: Gang): void {
  const problem = (field: string, value: number, max: number) =>
    Number.isSafeInteger(value) && value >= 0 && value <= max
      ? []
      : [{ field, value, message: `must be a whole number from 0 to ${max}, the number there are` }]
  const problems = [...problem('min', min, members.length), ...problem('minGroups', minGroups, groups.length)]
  if (problems.length > 0) throw new InvalidError(`gang ${name}`, problems)
  for (const group of groups) checkMinimum(group)
}
