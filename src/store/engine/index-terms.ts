import { UsageError } from '../../core/index.js'
import type { Kind } from '../kind/kind.js'
import type { IndexedValue } from '../object/indexed-value.js'
import { decodeValue, encodeValue } from '../object/indexed-value.js'
import type { StoredObject } from '../object/object.js'
import { NO_TERMS } from './version.js'

/** No index name contains it. */
const SEPARATOR = '\u0000'

/** So many terms are searched one by one faster than in a set. */
const FEW = 16

/** The posting term of a value of an index. */
export function postingTerm(name: string, value: string): string {
  return name + SEPARATOR + value
}

/** The index of a posting term. */
export function nameOfTerm(term: string): string {
  return term.slice(0, term.indexOf(SEPARATOR))
}

/** The index and the value of a posting term. */
export function indexOfTerm(term: string): { readonly name: string; readonly value: IndexedValue } {
  const name = nameOfTerm(term)
  return { name, value: decodeValue(term.slice(name.length + 1)) }
}

/** The posting term of the dependents of an owner; no index is named so. */
export function ownerTerm(uid: string): string {
  return postingTerm('', uid)
}

/**
 * The terms under which the object is posted. A list equal to `before` is the same list. Runs the kind's index
 * functions, so it is called before anything is changed.
 *
 * @throws UsageError when an index function returns something else than values
 */
export function termsOf(
  kind: Kind,
  object: StoredObject,
  before: readonly string[] = NO_TERMS,
): readonly string[] {
  let terms: string[] | undefined
  let known: Set<string> | undefined
  for (const { uid } of object.metadata.ownerReferences) {
    terms ??= []
    terms.push(ownerTerm(uid))
  }
  for (const name in kind.indexes) {
    const found = kind.indexes[name]?.(object)
    if (found === undefined) continue
    for (const value of Array.isArray(found) ? (found as readonly unknown[]) : [found]) {
      const text = encodeValue(value)
      if (text === undefined) throw notValue(kind, name, value)
      const term = postingTerm(name, text)
      terms ??= []
      if (terms.length < FEW) {
        if (!terms.includes(term)) terms.push(term)
        continue
      }
      known ??= new Set(terms)
      if (known.size < known.add(term).size) terms.push(term)
    }
  }
  if (terms === undefined) return NO_TERMS
  return terms.length === before.length && terms.every((term, index) => term === before[index])
    ? before
    : terms
}

function notValue(kind: Kind, index: string, value: unknown): UsageError {
  return new UsageError(
    `index "${index}" of kind ${kind.kind} returned ${showValue(value)}; it must return texts, finite numbers, or ` +
      'lists of them, each list one value',
    { kind: kind.kind, index },
  )
}

/** What was given as a value, for a message. */
export function showValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(String).join(', ')}]` : String(value)
}
