/**
 * A map that nearly always has one entry: it stands in the object itself, and a `Map`, which takes four times as much, is
 * made for the second one. In the order of insertion.
 */
export class SmallMap<K, V> {
  #key: K | undefined
  #value: V | undefined
  #more: Map<K, V> | undefined

  get size(): number {
    return (this.#value === undefined ? 0 : 1) + (this.#more?.size ?? 0)
  }

  get(key: K): V | undefined {
    return this.#value !== undefined && this.#key === key ? this.#value : this.#more?.get(key)
  }

  /** @param value not undefined */
  set(key: K, value: V): void {
    if (this.size === 0 || (this.#value !== undefined && this.#key === key)) {
      this.#key = key
      this.#value = value
      return
    }
    this.#more ??= new Map()
    this.#more.set(key, value)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  delete(key: K): void {
    if (this.#value !== undefined && this.#key === key) {
      this.#key = undefined
      this.#value = undefined
    } else if (this.#more?.delete(key) === true && this.#more.size === 0) this.#more = undefined
  }

  /** Entries may be taken out meanwhile. */
  forEach(visit: (value: V, key: K) => void): void {
    if (this.#value !== undefined) visit(this.#value, this.#key as K)
    this.#more?.forEach(visit)
  }
}
