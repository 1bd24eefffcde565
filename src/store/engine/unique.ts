import { HIDDEN } from '../object/hidden-object.js'
import type { ObjectId } from '../object/object.js'
import { UniqueViolationError } from '../object/store-errors.js'
import { indexOfTerm, nameOfTerm } from './index-terms.js'
import type { KindTable } from './kind-table.js'
import type { Mutation } from './mutation.js'
import { idOfMutation } from './mutation.js'
import { refOfEntry } from './version.js'

/**
 * Checks that a commit of these mutations leaves at most one object under each value of a unique index. What
 * counts is the state after all of them, so two objects may swap their values in one transaction. The work is
 * proportional to the mutations and their values.
 *
 * @throws UniqueViolationError naming the holder
 */
export function assertUnique(mutations: readonly Mutation[]): void {
  let claims: Claims | undefined
  for (const mutation of mutations) {
    const { table, after, terms } = mutation
    const { uniqueIndexes } = table.kind
    if (after === undefined || uniqueIndexes.length === 0) continue
    for (const term of terms) {
      const name = nameOfTerm(term)
      if (!uniqueIndexes.includes(name)) continue
      claims ??= new Claims(mutations)
      const rival = claims.claim(mutation, term)
      const holder = rival === undefined ? claims.holderBelow(table, term) : idOfMutation(rival)
      if (holder === undefined) continue
      const value = table.kind.secret ? HIDDEN : indexOfTerm(term).value
      throw new UniqueViolationError(idOfMutation(mutation), { index: name, value, holder })
    }
  }
}

/** Who claims which value in one commit. */
class Claims {
  readonly #mutations: readonly Mutation[]
  readonly #claimed = new Map<KindTable, Map<string, Mutation>>()
  #touched: Map<KindTable, Map<string, Set<string>>> | undefined

  constructor(mutations: readonly Mutation[]) {
    this.#mutations = mutations
  }

  /** The earlier mutation, of another object, that claims the same term. */
  claim(mutation: Mutation, term: string): Mutation | undefined {
    const claimed = this.#claimed.get(mutation.table) ?? new Map<string, Mutation>()
    this.#claimed.set(mutation.table, claimed)
    const rival = claimed.get(term)
    claimed.set(term, mutation)
    return rival
  }

  /** The stored object that has the term and that no mutation touches. */
  holderBelow(table: KindTable, term: string): ObjectId | undefined {
    for (const entry of table.indexes.find(term)?.entries ?? []) {
      const { name, space } = entry
      this.#touched ??= touchedBy(this.#mutations)
      if (this.#touched.get(table)?.get(space.name)?.has(name) !== true)
        return { kind: table.kind.kind, ...refOfEntry(entry) }
    }
    return undefined
  }
}

/** The names of all objects that change, by table and namespace. */
function touchedBy(mutations: readonly Mutation[]): Map<KindTable, Map<string, Set<string>>> {
  const touched = new Map<KindTable, Map<string, Set<string>>>()
  for (const { table, namespace = '', name } of mutations) {
    const spaces = touched.get(table) ?? new Map<string, Set<string>>()
    const names = spaces.get(namespace) ?? new Set<string>()
    touched.set(table, spaces.set(namespace, names.add(name)))
  }
  return touched
}
