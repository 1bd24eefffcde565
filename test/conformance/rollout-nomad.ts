import { disruptionAllowance } from '../../src/rollout/disruption/disruption-allowance.js'
import type { LedgerEntry } from '../../src/rollout/revision-ledger.js'
import { stableEntry } from '../../src/rollout/revision-ledger.js'

interface Group {
  readonly count: number
  /** Absent: no update block. */
  readonly maxParallel?: number
  readonly canary?: number
  readonly deployment?: {
    readonly promoted?: boolean
    readonly status?: 'paused' | 'failed'
    readonly desiredCanaries?: number
  }
  readonly old?: number
  readonly newHealthy?: number
  readonly newUnknown?: number
  readonly newUnhealthy?: number
  readonly canaries?: number
  readonly oldCanaries?: number
  readonly lost?: number
  readonly migrate?: number
}

type Changes = Readonly<Record<'place' | 'stop' | 'destructive' | 'migrate' | 'canary' | 'ignore', number>>

/** One pass over a group, in counts. */
export function nomadGroup(group: Group): Changes {
  const { count, canary = 0, deployment, canaries = 0, oldCanaries = 0, lost = 0, migrate = 0 } = group
  const { old = 0, newHealthy = 0, newUnknown = 0, newUnhealthy = 0 } = group
  const isStopped = deployment?.status !== undefined
  const isCanarying = canary > 0 && old > 0 && deployment?.promoted !== true
  const current = newHealthy + newUnknown + newUnhealthy + (isCanarying ? 0 : canaries)
  const abandoned = oldCanaries + (isCanarying && deployment?.status === 'failed' ? canaries : 0)
  const surplus = Math.max(0, old + current + migrate - count)
  const left = Math.max(0, old - surplus)
  const missing = Math.max(0, count - old - current - migrate)
  const isReady = !isStopped && !isCanarying
  const replaced = isReady ? missing : Math.min(missing, lost)
  const placedCanaries = isCanarying && !isStopped ? Math.max(0, canary - canaries) : 0
  const limit = Math.max(0, limitOf(group, { isReady, changing: left + migrate }) - replaced)
  const destructive = isCanarying ? 0 : Math.min(left, limit)
  const standing = old + current + (isCanarying ? canaries : 0) + oldCanaries
  return {
    place: Math.min(count, replaced + placedCanaries),
    stop: surplus + abandoned + lost,
    destructive,
    migrate,
    canary: placedCanaries,
    ignore: standing - surplus - abandoned - destructive,
  }
}

function limitOf(
  { count, maxParallel, deployment, newUnknown = 0, newUnhealthy = 0 }: Group,
  { isReady, changing }: { readonly isReady: boolean; readonly changing: number },
): number {
  if (maxParallel === undefined || changing === 0) return count
  if (!isReady) return 0
  if (deployment === undefined) return maxParallel
  return newUnhealthy > 0 ? 0 : Math.max(0, maxParallel - newUnknown)
}

/** Whether canaries may be promoted. */
export function nomadPromotable(input: {
  readonly desiredCanaries: number
  readonly placed: number
  readonly healthy: number
  readonly autoPromote?: boolean
  readonly manual?: boolean
}): boolean {
  const { desiredCanaries, placed, healthy, autoPromote = false, manual = false } = input
  if (manual) return healthy >= desiredCanaries
  return autoPromote && placed >= desiredCanaries && healthy === desiredCanaries
}

interface Version {
  readonly v: number
  readonly stable: boolean
  readonly spec?: string
}

/** Where a revert leads: to what our ledger calls stable. */
export function nomadRevertTarget({
  versions,
  currentSpec,
}: {
  readonly versions: readonly Version[]
  readonly currentSpec: string
}): object {
  const found = stableEntry(versions.map(entryOf))
  if (found === undefined) return { action: 'none', why: 'no-stable' }
  if (found.templateHash === currentSpec) return { action: 'none', why: 'same-spec' }
  return { action: 'revert', to: found.number }
}

/** The version that goes: the oldest, unless it is the stable one. */
export function nomadVersionGC({
  versions,
  limit,
}: {
  readonly versions: readonly Version[]
  readonly limit: number
}): number | null {
  const newestFirst = versions.toSorted((a, b) => b.v - a.v)
  if (newestFirst.length <= limit) return null
  const stable = stableEntry(newestFirst.map(entryOf))?.number
  return newestFirst.findLast(({ v }) => v !== stable)?.v ?? null
}

function entryOf({ v, stable, spec = `${v}` }: Version): LedgerEntry {
  return { number: v, templateHash: spec, cause: 'update', outcome: stable ? 'succeeded' : 'failed' }
}

/** How many allocations a drain may move: what a budget of ours allows that keeps all but `maxParallel`. */
export function nomadDrain(
  input: Readonly<Record<'count' | 'maxParallel' | 'healthy' | 'drainable', number>>,
): number {
  const { count, maxParallel, healthy, drainable } = input
  const bound = { minAvailable: Math.max(0, count - maxParallel) }
  return Math.min(drainable, disruptionAllowance(bound, { expected: count, healthy }).disruptionsAllowed)
}

/** Canaries of a system job. */
export function nomadSystemCanaries(
  input: Readonly<Record<'percent' | 'destructive' | 'maxParallel', number>>,
): number {
  const { percent, destructive, maxParallel } = input
  return Math.min(Math.ceil((percent * destructive) / 100), maxParallel)
}
