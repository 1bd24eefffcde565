import type { ReasonSummary } from '../../core/index.js'
import { InvalidError, KeelsonError } from '../../core/index.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'

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
 * Places a gang, or nothing of it. Members go in the order given, the best node for each; what was placed is taken back
 * when the minimum is not reached, within the call: a gang that waits holds nothing.
 *
 * @throws InvalidError for a minimum that cannot be; KeelsonError `TooLarge` for more than 10,000 members; as `place`
 */
export function placeGang(scheduler: Scheduler, gang: Gang): GangResult {
  checkGang(gang)
  const trial: Trial = { scheduler, nodes: new Map(), left: [], reasons: undefined }
  try {
    const short = tryGang(trial, gang)
    if (short === 0) return { kind: 'placed', nodes: trial.nodes, left: trial.left }
    const fit = trial.nodes.size
    for (const key of trial.nodes.keys()) scheduler.removeTask(key)
    return { kind: 'unschedulable', fit, short, reasons: trial.reasons }
  } catch (error) {
    for (const key of trial.nodes.keys()) scheduler.removeTask(key)
    throw error
  }
}

interface Trial {
  readonly scheduler: Scheduler
  readonly nodes: Map<string, string>
  readonly left: string[]
  reasons: ReasonSummary | undefined
}

/** How many are missing to the minimum of the gang; 0: it is placed. */
function tryGang(
  trial: Trial,
  { members = [], min = members.length, groups = [], minGroups = groups.length }: Gang,
): number {
  let placed = 0
  for (const request of members) {
    const result = trial.scheduler.place(request)
    if (result.kind === 'placed') {
      trial.nodes.set(request.key, result.node)
      placed++
    } else {
      trial.left.push(request.key)
      trial.reasons ??= result.reasons
    }
  }
  let whole = 0
  for (const group of groups) {
    const before = new Set(trial.nodes.keys())
    if (tryGang(trial, group) === 0) whole++
    else {
      for (const key of [...trial.nodes.keys()]) {
        if (before.has(key)) continue
        trial.scheduler.removeTask(key)
        trial.nodes.delete(key)
        trial.left.push(key)
      }
    }
  }
  return Math.max(0, min - placed) + Math.max(0, minGroups - whole)
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
