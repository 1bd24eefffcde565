import { Task } from '../../api/index.js'
import type { ReconcileContext } from '../../reconcile/index.js'
import type { OpenTask, Placement } from './bind-tasks.js'
import { openTask } from './bind-tasks.js'
import type { ClusterMirror } from './cluster-mirror.js'
import { refOfKey } from './evict-victims.js'
import type { KeptPlace } from './kept-place.js'
import type { RoomMade } from './room-maker.js'
import type { TaskPlacer } from './task-placer.js'
import { ROUNDS_MAX } from './task-placer.js'
import type { TaskQueue } from './task-queue.js'
import type { Refusal } from './task-refusal.js'
import { gangRefusal, tooManyRounds } from './task-refusal.js'

/** What came of placing a gang of which too few fit. */
interface GangTrial {
  readonly open: readonly OpenTask[]
  readonly gang: string
  readonly need: number
  readonly placements: readonly Placement[]
  readonly refusals: readonly Refusal[]
}

/** What places gangs. */
export interface GangPlacerParts {
  readonly mirror: ClusterMirror
  readonly queue: TaskQueue
  readonly placer: TaskPlacer
  readonly kept: KeptPlace | undefined
  /** The order within a gang. */
  readonly compare: (a: Task, b: Task) => number
}

/** Places gangs: all that they need in one commit, or nothing. */
export class GangPlacer {
  readonly #inFlight = new Set<string>()
  readonly #mirror: ClusterMirror
  readonly #queue: TaskQueue
  readonly #placer: TaskPlacer
  readonly #kept: KeptPlace | undefined
  readonly #compare: (a: Task, b: Task) => number

  constructor({ mirror, queue, placer, kept, compare }: GangPlacerParts) {
    this.#mirror = mirror
    this.#queue = queue
    this.#placer = placer
    this.#kept = kept
    this.#compare = compare
  }

  /** Members that come while their gang is being placed are taken up after that. */
  async place(members: OpenTask[], gang: string, ctx: ReconcileContext): Promise<void> {
    if (this.#inFlight.has(gang)) return
    this.#inFlight.add(gang)
    members.sort((a, b) => this.#compare(a.task, b.task))
    try {
      await this.#placeTogether(members, gang, ctx)
    } catch (error) {
      this.#placer.releaseAssumed(members)
      throw error
    } finally {
      this.#inFlight.delete(gang)
      for (const key of this.#queue.gangs.openOf(gang))
        this.#queue.note(key, ctx.client.get(Task, refOfKey(key)))
    }
  }

  async #placeTogether(members: readonly OpenTask[], gang: string, ctx: ReconcileContext): Promise<void> {
    let open = members
    for (let round = 0; open.length > 0; round++) {
      if (round === ROUNDS_MAX) throw tooManyRounds(open, ROUNDS_MAX)
      const { gangs } = this.#queue
      const need = Math.max(0, gangs.minimumOf(gang) - gangs.boundOf(gang))
      const nowMs = ctx.env.clock.now()
      this.#kept?.prepare(nowMs)
      const decisions = open.map(one => this.#placer.decide(one, ctx))
      const placements = decisions.flatMap(one => (one.kind === 'placed' ? [one] : []))
      const refusals = decisions.flatMap(one => (one.kind === 'refused' ? [one.refusal] : []))
      if (placements.length < need) return this.#refuseGang({ open, gang, need, placements, refusals }, ctx)
      const delays = this.#kept?.refusalOf(placements, nowMs)
      if (delays !== undefined)
        return this.#refuseGang({ open, gang, need, placements, refusals: [delays] }, ctx)
      const unplaced = open.filter(one => !placements.some(placement => placement.one === one))
      const again = placements.length === 0 ? [] : await this.#placer.bind(placements, ctx, true)
      if (again.length === 0) {
        for (const [index, one] of unplaced.entries()) this.#placer.holdBack(one, refusals[index] as Refusal)
        return this.#refuseAll(unplaced, refusals, ctx)
      }
      for (const { key } of unplaced) this.#queue.waiting.delete(key)
      open = open.flatMap(({ ref }) => {
        const task = ctx.client.get(Task, ref)
        return task !== undefined && this.#queue.isOurs(task) ? [openTask(task)] : []
      })
    }
  }

  async #refuseGang(
    { open, gang, need, placements, refusals }: GangTrial,
    ctx: ReconcileContext,
  ): Promise<void> {
    const isShort = open.length < need
    const isRoomShort = !isShort && placements.length < need
    const { causes, message } = gangRefusal(
      { gang, need, count: open.length, fit: placements.length },
      refusals[0],
    )
    for (const { one } of placements) this.#mirror.release(one.key)
    const nowMs = ctx.env.clock.now()
    const told: Refusal[] = open.map(one => ({
      reason: 'Unschedulable',
      message,
      causes,
      request: this.#placer.requestOf(one),
    }))
    const heldBack = refusals.find(refusal => refusal.heldBack !== undefined)?.heldBack
    const wantsRoom = isRoomShort && heldBack === undefined
    if (wantsRoom) this.#kept?.refused(open)
    for (const [index, { key, version }] of open.entries()) {
      this.#queue.heldBack.delete(key)
      this.#queue.waiting.failed({
        key,
        version,
        request: isRoomShort ? told[index]?.request : undefined,
        nowMs,
      })
    }
    if (heldBack !== undefined)
      for (const one of open) this.#queue.holdBack(one, { group: `gang ${gang}`, epoch: heldBack.epoch })
    const made = wantsRoom ? await this.#placer.makeRoom({ by: gang, open, need }, ctx) : undefined
    if (made?.kind === 'none' && made.isHeldBack) for (const { key } of open) this.#queue.heldBack.add(key)
    if (made === undefined || made.kind === 'none') return this.#refuseAll(open, withWhy(told, made), ctx)
    await this.#roomMade(open, made, told, ctx)
  }

  /** Members get their nodes, or wait for what is held for them; or the gang is tried again. */
  async #roomMade(
    open: readonly OpenTask[],
    made: Exclude<RoomMade, { readonly kind: 'none' }>,
    told: readonly Refusal[],
    ctx: ReconcileContext,
  ): Promise<void> {
    for (const { key, ref } of open) this.#placer.tell(key, ctx.client.get(Task, ref))
    if (made.kind !== 'held') {
      for (const { key } of open) this.#queue.waiting.delete(key)
      if (made.kind === 'bound')
        for (const { task } of open) ctx.record({ reason: 'Preempting', note: made.note, regarding: task })
      return
    }
    const nowMs = ctx.env.clock.now()
    for (const [index, { key, version }] of open.entries()) {
      const request = told[index]?.request
      this.#queue.waiting.failed({ key, version, request, nowMs, isHolder: true })
    }
    const message = `waits for its room: ${made.note}.`
    await this.#refuseAll(
      open,
      told.map(refusal => ({ ...refusal, message, causes: made.note })),
      ctx,
    )
  }

  async #refuseAll(
    open: readonly OpenTask[],
    refusals: readonly Refusal[],
    ctx: ReconcileContext,
  ): Promise<void> {
    for (const [index, one] of open.entries()) {
      try {
        await this.#placer.report(one, refusals[index] as Refusal, ctx)
      } catch (error) {
        for (const { key } of open.slice(index)) this.#queue.waiting.delete(key)
        throw error
      }
    }
  }
}

/** With why no room was made. */
function withWhy(told: readonly Refusal[], made: RoomMade | undefined): readonly Refusal[] {
  if (made?.kind !== 'none' || made.why === undefined) return told
  const { why } = made
  return told.map(refusal => ({
    ...refusal,
    message: `${refusal.message.replace(/\.$/, '')}; ${why}.`,
    causes: `${refusal.causes} ${why}`,
  }))
}
