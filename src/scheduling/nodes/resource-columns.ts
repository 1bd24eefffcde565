/** The number a resource name goes by inside one scheduler: the index of its column in the node table. */
export type ResourceColumn = number

/** Gives each resource name that was ever seen a column, for good. */
export class ResourceColumns {
  readonly #columns = new Map<string, ResourceColumn>()
  readonly #names: string[] = []

  /** How many columns there are. */
  get size(): number {
    return this.#names.length
  }

  /** The column of the resource; a new one when the name was not seen before. */
  intern(name: string): ResourceColumn {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const column = this.#names.length
    this.#columns.set(name, column)
    this.#names.push(name)
    return column
  }

  /** The column of the resource, or -1 for a name that was never seen. */
  find(name: string): ResourceColumn {
    return this.#columns.get(name) ?? -1
  }
}
