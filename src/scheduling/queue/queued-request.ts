import { compareText } from '../../core/internal.js'
import type { PlacementRequest } from '../requests/placement-request.js'

/** A request that waits for a node. */
export interface QueuedRequest {
  readonly request: PlacementRequest
  /** Epoch ms; of equals the older comes first. */
  readonly createdAtMs: number
  /** Names of what it waits for before it may be looked at. Default: nothing. */
  readonly gates?: readonly string[]
  /** The gang that it is a member of, if it is in one. */
  readonly gang?: string
  /** How long it is expected to run, in ms; for backfill. Default: it is not known when it ends. */
  readonly runtimeMs?: number
  /** When it should have a node, epoch ms; for `compareDeadlines`. Default: whenever. */
  readonly deadlineMs?: number
}

/** Most requests that wait for nodes at a time. */
export const WAITING_MAX = 1_000_000

/** Requests that are placed together: one, or the members of a gang. */
export interface QueuedUnit {
  /** Undefined for one by itself. */
  readonly gang: string | undefined
  /** Members that must be placed. */
  readonly min: number
  /** In order. */
  readonly members: readonly QueuedRequest[]
}

/** Higher priority first, then gangs below their minimum, then the older, then the lower key. */
export function compareQueued(
  a: QueuedRequest,
  b: QueuedRequest,
  gangsBelowMinimum: ReadonlySet<string> = new Set(),
): number {
  const isBelow = ({ gang }: QueuedRequest): number =>
    Number(gang !== undefined && gangsBelowMinimum.has(gang))
  return (
    (b.request.priority ?? 0) - (a.request.priority ?? 0) ||
    isBelow(b) - isBelow(a) ||
    a.createdAtMs - b.createdAtMs ||
    compareText(a.request.key, b.request.key)
  )
}

/**
 * An order for `schedulePass`: the earliest deadline first, those without one last; of equals by priority, age and key.
 */
export function compareDeadlines(a: QueuedRequest, b: QueuedRequest): number {
  const [one, other] = [a.deadlineMs ?? NEVER_MS, b.deadlineMs ?? NEVER_MS]
  return one === other ? compareQueued(a, b) : one - other
}

const NEVER_MS = Number.MAX_VALUE

/** What is placed together, in the order of the first of each. */
export function unitsOf(
  ordered: readonly QueuedRequest[],
  minMembers: ((gang: string) => number | undefined) | undefined,
): readonly QueuedUnit[] {
  const units: QueuedUnit[] = []
  const gangs = new Map<string, QueuedRequest[]>()
  for (const queued of ordered) {
    const { gang } = queued
    const min = gang === undefined ? undefined : minMembers?.(gang)
    if (gang === undefined || min === undefined) {
      units.push({ gang: undefined, min: 1, members: [queued] })
      continue
    }
    const members = gangs.get(gang)
    if (members !== undefined) {
      members.push(queued)
      continue
    }
    const own = [queued]
    gangs.set(gang, own)
    units.push({ gang, min, members: own })
  }
  return units
}
