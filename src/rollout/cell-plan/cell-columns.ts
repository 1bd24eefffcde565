import type { CellView } from './cell-view.js'

const NOTHING = 0xffff_ffff
const [AVAILABLE, LAST] = [1, 2]

/** Cells by rank, as columns: some twenty bytes each beside their key. */
export class CellColumns {
  readonly #keys: (string | undefined)[]
  readonly #ordinals: Float64Array
  readonly #revisions: Uint32Array
  readonly #running: Uint32Array
  readonly #flags: Uint8Array
  /** Cells name few revisions, and those again and again. */
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()

  constructor(size: number) {
    this.#keys = Array.from({ length: size })
    this.#ordinals = new Float64Array(size)
    this.#revisions = new Uint32Array(size)
    this.#running = new Uint32Array(size)
    this.#flags = new Uint8Array(size)
  }

  get(rank: number): CellView | undefined {
    const key = this.#keys[rank]
    if (key === undefined) return undefined
    const ordinal = this.#ordinals[rank] as number
    const running = this.#names[this.#running[rank] as number]
    const flags = this.#flags[rank] as number
    return {
      key,
      ...(Number.isNaN(ordinal) ? {} : { ordinal }),
      revision: this.#names[this.#revisions[rank] as number] as string,
      ...(running === undefined ? {} : { running }),
      available: (flags & AVAILABLE) !== 0,
      ...((flags & LAST) === 0 ? {} : { isLast: true }),
    }
  }

  keyAt(rank: number): string | undefined {
    return this.#keys[rank]
  }

  isAvailable(rank: number): boolean {
    return ((this.#flags[rank] as number) & AVAILABLE) !== 0
  }

  ordinalAt(rank: number): number | undefined {
    const ordinal = this.#ordinals[rank] as number
    return Number.isNaN(ordinal) ? undefined : ordinal
  }

  /** Whether all that the usual order goes by is as it was. */
  isPlaced(rank: number, { ordinal = Number.NaN, isLast = false }: CellView): boolean {
    const wasLast = ((this.#flags[rank] as number) & LAST) !== 0
    return Object.is(this.#ordinals[rank], ordinal) && wasLast === isLast
  }

  set(rank: number, { key, ordinal, revision, running, available, isLast }: CellView): void {
    this.#keys[rank] = key
    this.#ordinals[rank] = ordinal ?? Number.NaN
    this.#revisions[rank] = this.#numberOf(revision)
    this.#running[rank] = running === undefined ? NOTHING : this.#numberOf(running)
    this.#flags[rank] = (available ? AVAILABLE : 0) | (isLast === true ? LAST : 0)
  }

  delete(rank: number): void {
    this.#keys[rank] = undefined
  }

  /** All that are there, in order. */
  *[Symbol.iterator](): IterableIterator<CellView> {
    for (const rank of this.#keys.keys()) {
      const cell = this.get(rank)
      if (cell !== undefined) yield cell
    }
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#names.push(name) - 1
    this.#numbers.set(name, number)
    return number
  }
}
