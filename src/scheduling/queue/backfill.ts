import { assertKnown, knownOptions } from '../../core/internal.js'
import { placeGang } from '../gangs/place-gang.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import type { QueuedRequest, QueuedUnit } from './queued-request.js'

/** What backfill knows of the future. */
export interface BackfillOptions {
  /** Epoch ms. */
  readonly nowMs: number
  /** When a placed task is expected to end, epoch ms; undefined: it is not known. */
  readonly endsAtMs: (task: TaskPlacement) => number | undefined
}

const BACKFILL_OPTIONS = /* @__PURE__ */ knownOptions<BackfillOptions>('reserve of schedulePass', {
  nowMs: true,
  endsAtMs: true,
})

/** When a task is expected to end. */
export interface ExpectedEnd {
  readonly key: string
  /** Epoch ms. */
  readonly ms: number
}

/** @throws InvalidError for an option that is not known */
export function checkBackfill(options: BackfillOptions): void {
  assertKnown(options, BACKFILL_OPTIONS)
}

/**
 * The place in the future of what is first in the queue and does not fit now (EASY backfill, Lifka 1995): the earliest time
 * at which it fits when tasks end as expected. Whoever overtakes it must leave that place as it is.
 */
export class HeadReservation {
  /** Epoch ms; infinite when no expected end makes room for it. */
  readonly atMs: number
  /** Those for whom the place is kept. */
  readonly key: string
  /** The cluster at that time, with the first in its place; undefined when there is no such time. */
  readonly #future: Scheduler | undefined

  /** @param ends when tasks are expected to end, in any order */
  constructor(scheduler: Scheduler, head: QueuedUnit, ends: Iterable<ExpectedEnd>) {
    this.key = head.gang ?? head.members[0]?.request.key ?? ''
    const future = scheduler.fork()
    const ending = [...ends].sort((a, b) => a.ms - b.ms)
    let atMs = Number.POSITIVE_INFINITY
    for (let index = 0; index < ending.length && atMs === Number.POSITIVE_INFINITY; ) {
      const { ms } = ending[index] as ExpectedEnd
      for (; ending[index]?.ms === ms; index++) future.removeTask(ending[index]?.key ?? '')
      if (isPlaced(future, head)) atMs = ms
    }
    this.atMs = atMs
    this.#future = Number.isFinite(atMs) ? future : undefined
  }

  /**
   * Places those who overtake, if each is gone by then or runs beside the first; or none of them. False when that cannot be
   * said of all.
   */
  admits(overtaking: readonly QueuedRequest[], nodes: ReadonlyMap<string, string>, nowMs: number): boolean {
    const added: string[] = []
    for (const { request, runtimeMs } of overtaking) {
      if (runtimeMs !== undefined && nowMs + runtimeMs <= this.atMs) continue
      const node = nodes.get(request.key) ?? ''
      if (this.#future === undefined || !this.#future.fits(request, node)) {
        for (const key of added) this.#future?.removeTask(key)
        return false
      }
      this.#future.addTask({ ...request, node })
      added.push(request.key)
    }
    return true
  }
}

function isPlaced(future: Scheduler, { gang, min, members }: QueuedUnit): boolean {
  const requests = members.map(({ request }) => request)
  if (!requests.some(request => future.fitsAnywhere(request))) return false
  return placeGang(future, { name: gang ?? 'head', members: requests, min }).kind === 'placed'
}

/** The expected ends of all tasks that are placed. */
export function expectedEnds(scheduler: Scheduler, { endsAtMs }: BackfillOptions): readonly ExpectedEnd[] {
  return scheduler.nodes().flatMap(({ name }) =>
    scheduler.tasksOn(name).flatMap(task => {
      const ms = endsAtMs(task)
      return ms === undefined ? [] : [{ key: task.key, ms }]
    }),
  )
}
