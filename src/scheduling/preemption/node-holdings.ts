import type { NodeRow, NodeTable } from '../nodes/node-table.js'
import type { ResourceColumn } from '../nodes/resource-columns.js'
import type { Profile } from '../plugins/plugin.js'
import type { TaskLedger, TaskPlacement } from '../task-ledger.js'

/** Tasks that ask for the same amounts. */
export interface TaskKind {
  readonly key: string
  /** By column; those beyond are 0. */
  readonly amounts: readonly number[]
  /** Slot of a node with room for one more of them; or `NOWHERE`, or `UNKNOWN`. */
  roomOn: number
  /** How many runs there are of it. */
  runs: number
}

/** Tasks of one kind and one priority on a node. */
export interface TaskRun {
  readonly kind: TaskKind
  readonly priority: number
  count: number
  /** Whether they may fit elsewhere although nothing like them does, since room is held for them. */
  readonly hasRoomHeld: boolean
}

/** None of them fits anywhere. */
const NOWHERE = -1
/** More kinds than are followed: it may fit. */
const UNKNOWN = -2
/** Of so many kinds it is known whether there is room for one more. */
const KINDS_MAX = 256

const NO_RUNS: readonly TaskRun[] = Object.freeze([])

/**
 * What tasks hold of each node, the lowest priority first, and which kinds of tasks there is room for anywhere. Takes in
 * what changed when it is asked.
 */
export class NodeHoldings {
  readonly #table: NodeTable
  readonly #ledger: TaskLedger
  /** Where tasks fit without room, nothing is known from it. */
  readonly #kindsMax: number
  readonly #kinds = new Map<string, TaskKind>()
  /** Kinds of which it is known whether there is room for one more. */
  readonly #followed = new Set<TaskKind>()
  /** By slot. */
  #runs: (readonly TaskRun[])[] = []
  #cursor = -1
  /** Moves when a kind finds room, or finds none any more. */
  epoch = 0

  constructor(table: NodeTable, ledger: TaskLedger, { filters }: Profile) {
    this.#table = table
    this.#ledger = ledger
    const needsRoom = filters.some(
      plugin => 'formula' in plugin && plugin.formula === 'room' && plugin.applies === undefined,
    )
    this.#kindsMax = needsRoom ? KINDS_MAX : 0
  }

  /** Takes in what changed. */
  sync(): void {
    const { log, names } = this.#table
    if (this.#cursor === log.head) return
    const changed = this.#table.changedSince(this.#cursor)
    this.#cursor = log.head
    if (changed === undefined) {
      this.#kinds.clear()
      this.#followed.clear()
      this.#runs = []
      this.epoch++
      for (const slot of names) this.#runs[slot] = this.#runsOf(this.#table.at(slot))
      return
    }
    for (const slot of changed) {
      const before = this.#runs[slot] ?? NO_RUNS
      const row = this.#table.at(slot)
      this.#runs[slot] = this.#runsOf(row)
      for (const { kind } of before) this.#release(kind)
      for (const kind of this.#followed) this.#follow(kind, slot, row)
    }
  }

  /** The tasks on the node that may go at all, those of the lowest priority first. After `sync`. */
  on(slot: number): readonly TaskRun[] {
    return this.#runs[slot] ?? NO_RUNS
  }

  /** False only when a task that asks for so much fits nowhere. After `sync`. */
  mayFit({ key, requests }: TaskPlacement): boolean {
    return this.#kinds.get(keyOf(requests))?.roomOn !== NOWHERE || this.#hasRoomHeld(key)
  }

  #hasRoomHeld(key: string): boolean {
    return this.#ledger.reservedFor(key).length > 0
  }

  #runsOf(row: NodeRow | undefined): readonly TaskRun[] {
    if (row === undefined || row.taskCount === 0) return NO_RUNS
    const runs: TaskRun[] = []
    for (const { key, priority = 0, requests, reservedFor } of this.#ledger.each(row.name)) {
      if (reservedFor !== undefined) continue
      const kind = this.#kindOf(requests)
      const hasRoomHeld = this.#hasRoomHeld(key)
      const run = runs.find(
        one => one.kind === kind && one.priority === priority && one.hasRoomHeld === hasRoomHeld,
      )
      if (run !== undefined) run.count++
      else {
        kind.runs++
        runs.push({ kind, priority, count: 1, hasRoomHeld })
      }
    }
    return runs.sort(byPriority)
  }

  #kindOf(requests: TaskPlacement['requests']): TaskKind {
    const key = keyOf(requests)
    const known = this.#kinds.get(key)
    if (known !== undefined) return known
    const { columns } = this.#table
    const amounts: number[] = []
    for (const resource of Object.keys(requests ?? {})) {
      const column = columns.intern(resource)
      while (amounts.length <= column) amounts.push(0)
      amounts[column] = requests?.[resource] ?? 0
    }
    const made: TaskKind = { key, amounts, roomOn: UNKNOWN, runs: 0 }
    this.#kinds.set(key, made)
    if (this.#followed.size < this.#kindsMax) {
      this.#followed.add(made)
      made.roomOn = this.#findRoom(made)
    }
    return made
  }

  #release(kind: TaskKind): void {
    if (--kind.runs > 0) return
    this.#kinds.delete(kind.key)
    this.#followed.delete(kind)
  }

  /** The node changed: it may have room for the kind, or not any more. */
  #follow(kind: TaskKind, slot: number, row: NodeRow | undefined): void {
    const before = kind.roomOn
    if (before === slot) {
      if (row === undefined || !hasRoom(kind, row)) kind.roomOn = this.#findRoom(kind)
    } else if (before === NOWHERE && row !== undefined && hasRoom(kind, row)) kind.roomOn = slot
    if ((kind.roomOn === NOWHERE) !== (before === NOWHERE)) this.epoch++
  }

  #findRoom(kind: TaskKind): number {
    for (const slot of this.#table.names) if (hasRoom(kind, this.#table.at(slot) as NodeRow)) return slot
    return NOWHERE
  }
}

/** Whether they may fit elsewhere, by what they ask for. */
export function mayFitElsewhere({ kind, hasRoomHeld }: TaskRun): boolean {
  return kind.roomOn !== NOWHERE || hasRoomHeld
}

function hasRoom({ amounts }: TaskKind, row: NodeRow): boolean {
  if (row.taskCount >= row.taskLimit) return false
  for (let column: ResourceColumn = 0; column < amounts.length; column++) {
    const amount = amounts[column] as number
    if (amount > 0 && amount > row.allocatable(column) - row.requested(column)) return false
  }
  return true
}

function byPriority(a: TaskRun, b: TaskRun): number {
  return a.priority - b.priority
}

function keyOf(requests: TaskPlacement['requests']): string {
  let key = ''
  if (requests === undefined) return key
  const names = Object.keys(requests)
  if (names.length > 1) names.sort()
  for (const name of names) if (requests[name] !== 0) key += `${name.length} ${name} ${requests[name]} `
  return key
}
