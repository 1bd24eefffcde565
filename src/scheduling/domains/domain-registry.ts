import type { TaskAffinity } from '../../core/internal.js'
import { canonicalJson, compileNodeSelector } from '../../core/internal.js'
import type { ChangeLog } from '../nodes/node-changes.js'
import type { NodeRow, NodeTable } from '../nodes/node-table.js'
import { keepsAway } from '../requests/placement-request.js'
import type { DomainTerm, TaskIdentity } from '../requests/task-set.js'
import { compileTaskSet, termKey } from '../requests/task-set.js'
import { accessOf } from '../requests/volume-claim.js'
import type { Parting } from './attribute-index.js'
import { AttributeIndex } from './attribute-index.js'
import { DomainCounts } from './domain-counts.js'

/** A task as it is counted. */
export interface CountedTask extends TaskIdentity {
  readonly key: string
  readonly affinity?: readonly TaskAffinity[] | undefined
}

const NO_TERMS: readonly DomainTerm[] = Object.freeze([])

interface Selecting {
  readonly counts: DomainCounts
  readonly selects: (task: TaskIdentity) => boolean
}

/** Finds the tasks that are placed on known nodes, with their nodes; of one group, or all. */
export type PlacedTasks = (
  group: string | undefined,
) => Iterable<{ readonly task: CountedTask; readonly row: NodeRow }>

/** Every count that somebody asks for, kept up to date as tasks and nodes come and go. */
export class DomainRegistry {
  readonly #table: NodeTable
  readonly #log: ChangeLog
  readonly #placed: PlacedTasks
  readonly #indexes = new Map<string, AttributeIndex>()
  readonly #counts = new Map<string, DomainCounts>()
  readonly #byGroup = new Map<string, DomainCounts[]>()
  readonly #byVolume = new Map<string, DomainCounts[]>()
  readonly #byTerm = new Map<string, DomainCounts[]>()
  readonly #selecting: Selecting[] = []
  /** What selects tasks of these labels. */
  readonly #selected = new Map<string, readonly DomainCounts[]>()
  /** Terms by which placed tasks keep others away, and how many tasks have them. */
  readonly #keepingAway = new Map<
    string,
    { readonly term: DomainTerm; readonly selects: (task: TaskIdentity) => boolean; users: number }
  >()
  /** Moves when a term comes or goes by which tasks keep others away. */
  keepingAwayEpoch = 0

  constructor(table: NodeTable, placed: PlacedTasks) {
    this.#table = table
    this.#log = table.log
    this.#placed = placed
  }

  /** Whether nothing is counted, and no task like that would be noted. */
  ignores(task: { readonly affinity?: unknown }): boolean {
    return this.#counts.size === 0 && task.affinity === undefined
  }

  /** The count of a term; `release` it when it is no longer of use. */
  use(term: DomainTerm): DomainCounts {
    const key = termKey(term)
    const known = this.#counts.get(key)
    if (known !== undefined) {
      known.users++
      return known
    }
    const selects = compileNodeSelector(term.nodes)
    const isCounted = (slot: number): boolean => {
      const row = this.#table.at(slot)
      return selects === undefined || (row !== undefined && selects(row))
    }
    const made: DomainCounts = new DomainCounts(term, this.#indexOf(term), this.#log, {
      counts: isCounted,
      placed: () => this.#placedIn(made, isCounted),
    })
    made.users = 1
    this.#counts.set(key, made)
    const { tasks } = term
    if ('group' in tasks) add(this.#byGroup, tasks.group, made)
    else if ('volume' in tasks) add(this.#byVolume, tasks.volume, made)
    else if ('keepingAway' in tasks) add(this.#byTerm, tasks.keepingAway, made)
    else {
      this.#selecting.push({ counts: made, selects: compileTaskSet(tasks) })
      this.#selected.clear()
    }
    for (const [key, slot] of this.#placedIn(made, isCounted)) made.add(key, slot)
    return made
  }

  /** The placed tasks that the count is of. */
  *#placedIn(
    counts: DomainCounts,
    isCounted: (slot: number) => boolean,
  ): Iterable<readonly [key: string, slot: number]> {
    const { tasks } = counts.term
    if ('keepingAway' in tasks && !this.#keepingAway.has(tasks.keepingAway)) return
    for (const { task, row } of this.#placed('group' in tasks ? tasks.group : undefined)) {
      let isIn = false
      this.#eachOf(task, one => void (isIn ||= one === counts))
      if (isIn && isCounted(row.slot)) yield [task.key, row.slot]
    }
  }

  release(counts: DomainCounts): void {
    if (--counts.users > 0) return
    const { tasks } = counts.term
    this.#counts.delete(termKey(counts.term))
    if ('group' in tasks) drop(this.#byGroup, tasks.group, counts)
    else if ('volume' in tasks) drop(this.#byVolume, tasks.volume, counts)
    else if ('keepingAway' in tasks) drop(this.#byTerm, tasks.keepingAway, counts)
    else {
      this.#selecting.splice(
        this.#selecting.findIndex(one => one.counts === counts),
        1,
      )
      this.#selected.clear()
    }
  }

  /**
   * The terms by which placed tasks keep a task like this one away; before them its own ones by which it will keep others
   * like itself away, so that nothing is different when the first of them is placed.
   */
  keepingAway(task: TaskIdentity, own: readonly DomainTerm[]): readonly DomainTerm[] {
    if (own.length + this.#keepingAway.size === 0) return NO_TERMS
    const found = new Map<string, DomainTerm>()
    const take = (key: string, { attribute }: DomainTerm): void =>
      void found.set(key, { attribute, tasks: { keepingAway: key }, ignoresFirst: true })
    for (const term of own) if (compileTaskSet(term.tasks)(task)) take(termKey(term), term)
    for (const [key, { term, selects }] of this.#keepingAway) if (selects(task)) take(key, term)
    return [...found.values()]
  }

  placed(task: CountedTask, row: NodeRow): void {
    for (const term of keepsAway(task)) this.#noteTerm(term, 1)
    this.#eachOf(task, counts => counts.add(task.key, row.slot))
  }

  left(task: CountedTask, row: NodeRow): void {
    for (const term of keepsAway(task)) this.#noteTerm(term, -1)
    this.#eachOf(task, counts => counts.remove(task.key, row.slot))
  }

  /** After the node came or was described otherwise, and before its tasks are `placed`. */
  described(row: NodeRow): void {
    for (const index of this.#indexes.values()) index.set(row)
  }

  /** After its tasks have `left`. */
  removed(row: NodeRow): void {
    for (const index of this.#indexes.values()) index.remove(row)
  }

  #noteTerm(term: DomainTerm, by: 1 | -1): void {
    const key = termKey(term)
    const known = this.#keepingAway.get(key)
    if (known !== undefined) {
      known.users += by
      if (known.users > 0) return
      this.#keepingAway.delete(key)
    } else this.#keepingAway.set(key, { term, selects: compileTaskSet(term.tasks), users: 1 })
    this.keepingAwayEpoch++
  }

  #indexOf({ attribute, within = [], countsLacking }: Parting): AttributeIndex {
    const key = JSON.stringify([attribute, within, countsLacking])
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const made = new AttributeIndex({
      attribute,
      within,
      ...(countsLacking === true ? { countsLacking } : {}),
    })
    for (const row of this.#table.rows()) made.set(row)
    this.#indexes.set(key, made)
    return made
  }

  /** Visits the counts that the task is counted in. */
  #eachOf(task: CountedTask, visit: (counts: DomainCounts) => void): void {
    if (task.group !== undefined) this.#byGroup.get(task.group)?.forEach(visit)
    if (task.volumes !== undefined) for (const claim of task.volumes) this.#eachClaimedBy(claim, visit)
    for (const term of keepsAway(task)) this.#byTerm.get(termKey(term))?.forEach(visit)
    if (this.#selecting.length > 0) this.#selectedBy(task).forEach(visit)
  }

  #eachClaimedBy(
    claim: NonNullable<TaskIdentity['volumes']>[number],
    visit: (counts: DomainCounts) => void,
  ): void {
    const access = accessOf(claim)
    for (const counts of this.#byVolume.get(claim.name) ?? []) {
      const { tasks } = counts.term
      if (!('access' in tasks) || tasks.access === access) visit(counts)
    }
  }

  #selectedBy(task: CountedTask): readonly DomainCounts[] {
    const key = canonicalJson([task.namespace ?? '', task.labels ?? {}])
    let found = this.#selected.get(key)
    if (found === undefined) {
      found = this.#selecting.filter(({ selects }) => selects(task)).map(({ counts }) => counts)
      if (this.#selected.size > 10_000) this.#selected.clear()
      this.#selected.set(key, found)
    }
    return found
  }
}

function add(lists: Map<string, DomainCounts[]>, key: string, counts: DomainCounts): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [counts])
  else list.push(counts)
}

function drop(lists: Map<string, DomainCounts[]>, key: string, counts: DomainCounts): void {
  const left = (lists.get(key) ?? []).filter(one => one !== counts)
  if (left.length === 0) lists.delete(key)
  else lists.set(key, left)
}
