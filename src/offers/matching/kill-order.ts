import { assertKnown, knownOptions } from '../../core/internal.js'
import type { TaskState } from '../pool/task-state.js'

/** An instance that may have to go. */
export interface KillCandidate {
  readonly id: string
  readonly state: TaskState
  readonly sinceMs: number
  /** It is being stopped already. */
  readonly sentenced?: boolean
  /** For each attribute by which instances are spread, the value of its agent. */
  readonly groups?: Readonly<Record<string, string>>
}

/** Which of equals goes first. */
export interface KillOrderOptions {
  /** Default `youngest`. */
  readonly pick?: 'youngest' | 'oldest'
}

const KILL_ORDER_OPTIONS = /* @__PURE__ */ knownOptions<KillOrderOptions>('killOrder', { pick: true })

const CLASSES: readonly TaskState[] = ['unreachable', 'staging', 'starting', 'running']

/**
 * Instances in the order in which they should be stopped: those that are sentenced already; then, at each step, one
 * whose end keeps every spread as even as it is, which is one of the largest groups give or take one; then those that
 * do least: unreachable, staging, starting, running, the rest; then the youngest. Ties go to the lower id.
 */
export function killOrder<T extends KillCandidate>(
  candidates: readonly T[],
  options: KillOrderOptions = {},
): readonly T[] {
  assertKnown(options, KILL_ORDER_OPTIONS)
  const { pick = 'youngest' } = options
  const left = [...candidates].sort((a, b) => compare(a, b, pick))
  const order: T[] = []
  while (left.length > 0) {
    const at = left.findIndex(candidate => candidate.sentenced === true || keepsSpread(candidate, left))
    order.push(...left.splice(Math.max(0, at), 1))
  }
  return order
}

function compare(a: KillCandidate, b: KillCandidate, pick: 'youngest' | 'oldest'): number {
  const sentenced = Number(b.sentenced === true) - Number(a.sentenced === true)
  if (sentenced !== 0) return sentenced
  const classes = classOf(a) - classOf(b)
  if (classes !== 0) return classes
  if (a.sinceMs !== b.sinceMs) return pick === 'youngest' ? b.sinceMs - a.sinceMs : a.sinceMs - b.sinceMs
  return a.id < b.id ? -1 : 1
}

function classOf({ state }: KillCandidate): number {
  const at = CLASSES.indexOf(state)
  return at < 0 ? CLASSES.length : at
}

/** Whether no group would be more than one smaller than the largest after it. */
function keepsSpread({ groups = {} }: KillCandidate, left: readonly KillCandidate[]): boolean {
  return Object.entries(groups).every(([attribute, value]) => {
    const sizes = new Map<string, number>()
    for (const { groups: others = {} } of left) {
      const group = others[attribute] ?? ''
      sizes.set(group, (sizes.get(group) ?? 0) + 1)
    }
    return (sizes.get(value) ?? 0) >= Math.max(...sizes.values())
  })
}
