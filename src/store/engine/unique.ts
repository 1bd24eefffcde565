import type { ObjectId } from '../object/object.js'
import { UniqueViolationError } from '../object/store-errors.js'
import { indexOfTerm } from './index-terms.js'
import type { Mutation } from './mutation.js'
import { idOfMutation } from './mutation.js'
import { refOfEntry } from './version.js'

/**
 * Checks that a commit of these mutations leaves at most one object under each value of a unique index. What
 * counts is the state after all of them, so two objects may swap their values in one transaction.
 *
 * @throws UniqueViolationError naming the holder
 */
export function assertUnique(mutations: readonly Mutation[]): void {
  for (const mutation of mutations) {
    const { table, after, terms } = mutation
    const { uniqueIndexes } = table.kind
    if (after === undefined || uniqueIndexes.length === 0) continue
    const position = mutations.indexOf(mutation)
    for (const term of terms.indexes) {
      const { name, value } = indexOfTerm(term)
      if (!uniqueIndexes.includes(name)) continue
      const holder =
        holderIn(mutations.slice(0, position), mutation, term) ?? holderBelow(mutations, mutation, term)
      if (holder !== undefined)
        throw new UniqueViolationError(idOfMutation(mutation), { index: name, value, holder })
    }
  }
}

/** The earlier mutation of another object that claims the same term. */
function holderIn(earlier: readonly Mutation[], { table }: Mutation, term: string): ObjectId | undefined {
  const rival = earlier.find(other => other.table === table && other.terms.indexes.includes(term))
  return rival === undefined ? undefined : idOfMutation(rival)
}

/** The stored object that has the term and that no mutation touches. */
function holderBelow(
  mutations: readonly Mutation[],
  { table }: Mutation,
  term: string,
): ObjectId | undefined {
  for (const entry of table.indexes.live(term) ?? []) {
    const { name, space } = entry
    const touched = mutations.some(
      other => other.table === table && other.name === name && (other.namespace ?? '') === space.name,
    )
    if (!touched) return { kind: table.kind.kind, ...refOfEntry(entry) }
  }
  return undefined
}
