import type { ReasonSummary } from '../../core/index.js'
import type { BorrowingQuota } from '../../core/internal.js'
import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'

/** A request that waits for a node. */
export interface QueuedRequest {
  readonly request: PlacementRequest
  /** Epoch ms; of equals the older comes first. */
  readonly createdAtMs: number
  /** The gang that it is a member of, if it is in one. */
  readonly gang?: string
}

/** Options of {@link schedulePass}. */
export interface SchedulePassOptions {
  /** Gangs that run with fewer members than they need: they are made whole before equals are served. */
  readonly gangsBelowMinimum?: ReadonlySet<string>
  /**
   * `backfill`: whatever cannot be placed holds up nothing. `strict`: it holds back those behind it that want a
   * resource it waits for. Default `backfill`.
   */
  readonly order?: 'backfill' | 'strict'
  /** What its queue may use: what is placed is taken from it, so two admissions of one pass see each other. */
  readonly quota?: BorrowingQuota
  /** The queue of a request; undefined: it needs no quota. */
  readonly queueOf?: (request: PlacementRequest) => string | undefined
  /** Below 0 when the first is to be placed before the second. Default: by priority, gangs below their minimum, age and key. */
  readonly compare?: (a: QueuedRequest, b: QueuedRequest) => number
}

/** What one pass over the queue did. */
export interface SchedulePassResult {
  /** Node by key. */
  readonly placed: ReadonlyMap<string, string>
  /** Why the others wait, by key. */
  readonly waiting: ReadonlyMap<string, WaitReason>
}

/** Why a request waits. */
export type WaitReason =
  | { readonly kind: 'unschedulable'; readonly reasons: ReasonSummary }
  /** Its queue may not use that much. */
  | { readonly kind: 'quota'; readonly queue: string; readonly resource: string }
  /** One before it waits for the same resource. */
  | { readonly kind: 'behind'; readonly key: string; readonly resource: string }

/** Higher priority first, then gangs below their minimum, then the older, then the lower key. */
function compareQueued(
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

const SCHEDULE_PASS_OPTIONS = /* @__PURE__ */ knownOptions<SchedulePassOptions>('schedulePass', {
  gangsBelowMinimum: true,
  order: true,
  quota: true,
  queueOf: true,
  compare: true,
})

/** Places what can be placed, each request tried once, in order. */
export function schedulePass(
  scheduler: Scheduler,
  queue: readonly QueuedRequest[],
  options: SchedulePassOptions = {},
): SchedulePassResult {
  assertKnown(options, SCHEDULE_PASS_OPTIONS)
  const { gangsBelowMinimum, order = 'backfill' } = options
  const { compare = (a, b) => compareQueued(a, b, gangsBelowMinimum) } = options
  const placed = new Map<string, string>()
  const waiting = new Map<string, WaitReason>()
  /** Who waits for a resource. */
  const wanted = new Map<string, string>()
  for (const { request } of [...queue].sort(compare)) {
    const { key, requests = {} } = request
    const resource = Object.keys(requests).find(name => (requests[name] ?? 0) > 0 && wanted.has(name))
    if (resource !== undefined) {
      waiting.set(key, { kind: 'behind', key: wanted.get(resource) ?? '', resource })
      continue
    }
    const queued = options.queueOf?.(request)
    const short = queued === undefined ? undefined : options.quota?.shortOf(queued, requests)
    if (queued !== undefined && short !== undefined) {
      waiting.set(key, { kind: 'quota', queue: queued, resource: short })
      continue
    }
    const result = scheduler.place(request)
    if (result.kind === 'placed') {
      if (queued !== undefined) options.quota?.use(queued, requests)
      placed.set(key, result.node)
      continue
    }
    waiting.set(key, { kind: 'unschedulable', reasons: result.reasons })
    if (order === 'strict')
      for (const name of shortOf(result.reasons)) if (!wanted.has(name)) wanted.set(name, key)
  }
  return { placed, waiting }
}

function shortOf({ reasons }: ReasonSummary): readonly string[] {
  return reasons.flatMap(({ code, params }) =>
    code === 'InsufficientResource' ? [String(params?.['resource'])] : [],
  )
}
