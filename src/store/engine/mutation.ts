import type { ObjectId, ObjectRef, StoredObject } from '../object/object.js'
import { termsOf } from './index-terms.js'
import type { KindTable } from './kind-table.js'
import type { Version } from './version.js'
import { NO_TERMS } from './version.js'

/** One key's new state, complete and checked; `after` is undefined for a deletion. */
export interface Mutation {
  readonly table: KindTable
  readonly namespace: string | undefined
  readonly name: string
  readonly after: StoredObject | undefined
  readonly terms: readonly string[]
}

/** Runs the index functions, so it is called while nothing has changed yet. */
export function mutationOf(
  table: KindTable,
  { namespace, name }: ObjectRef,
  after: StoredObject | undefined,
  head: Version | undefined,
): Mutation {
  if (after === undefined) return { table, namespace, name, after, terms: NO_TERMS }
  return { table, namespace, name, after, terms: termsOf(table.kind, after, head?.terms) }
}

/** Which object it is about. */
export function idOfMutation({ table, namespace, name }: Mutation): ObjectId {
  const { kind } = table.kind
  return namespace === undefined ? { kind, name } : { kind, namespace, name }
}
