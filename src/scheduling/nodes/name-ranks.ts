/** One name in the order of names. */
export interface RankedName {
  readonly name: string
  readonly slot: number
}

/** A run of neighbours; it is split in two when it is full. */
const RUN_MAX = 256
const GAP = 2 ** 20

/**
 * Numbers that stand for names: of two names the one that comes first (by UTF-16 code unit) has the smaller number.
 * A new name gets the middle between its neighbours; when there is no middle left, all get new numbers in the same
 * order. Adding costs O(log n) comparisons of names, and moves at most 256 entries.
 */
export class NameRanks {
  #runs: RankedName[][] = []
  /** By slot. */
  #ranks: Float64Array = new Float64Array(16)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** By slot. Do not keep it: it is another array after growth. */
  get ranks(): Float64Array {
    return this.#ranks
  }

  /** Says whether all got new numbers. */
  add(name: string, slot: number): 'added' | 'renumbered' {
    while (slot >= this.#ranks.length) {
      const wider = new Float64Array(this.#ranks.length * 2)
      wider.set(this.#ranks)
      this.#ranks = wider
    }
    this.#size++
    if (this.#runs.length === 0) {
      this.#runs.push([{ name, slot }])
      this.#ranks[slot] = 0
      return 'added'
    }
    const at = this.#runOf(name)
    const run = this.#runs[at] as RankedName[]
    const position = positionIn(run, name)
    run.splice(position, 0, { name, slot })
    const before = run[position - 1] ?? this.#runs[at - 1]?.at(-1)
    const after = run[position + 1] ?? this.#runs[at + 1]?.[0]
    const low = before === undefined ? undefined : this.#ranks[before.slot]
    const high = after === undefined ? undefined : this.#ranks[after.slot]
    const rank =
      low === undefined ? (high ?? 0) - GAP : high === undefined ? low + GAP : low + (high - low) / 2
    this.#ranks[slot] = rank
    if (run.length > RUN_MAX) this.#runs.splice(at, 1, run.slice(0, RUN_MAX / 2), run.slice(RUN_MAX / 2))
    if (rank !== low && rank !== high) return 'added'
    this.#renumber()
    return 'renumbered'
  }

  remove(name: string): void {
    const at = this.#runOf(name)
    const run = this.#runs[at]
    const position = run === undefined ? -1 : positionIn(run, name)
    if (run?.[position]?.name !== name) return
    run.splice(position, 1)
    if (run.length === 0) this.#runs.splice(at, 1)
    this.#size--
  }

  /** Slots in the order of their names. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const run of this.#runs) for (const { slot } of run) yield slot
  }

  /** The last run that does not begin after the name. */
  #runOf(name: string): number {
    let low = 0
    let high = this.#runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (((this.#runs[middle] as RankedName[])[0] as RankedName).name <= name) low = middle
      else high = middle - 1
    }
    return low
  }

  #renumber(): void {
    let rank = 0
    for (const slot of this) this.#ranks[slot] = rank += GAP
  }
}

/** Where the name is in the run, or would be. */
function positionIn(run: readonly RankedName[], name: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((run[middle] as RankedName).name < name) low = middle + 1
    else high = middle
  }
  return low
}
