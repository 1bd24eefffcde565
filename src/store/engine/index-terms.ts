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
  const found = new Terms(before)
  for (const { uid } of object.metadata.ownerReferences) found.add('', uid)
  for (const name in kind.indexes) {
    const values: unknown = kind.indexes[name]?.(object)
    if (values === undefined) continue
    if (!Array.isArray(values)) addValue(found, kind, name, values)
    else for (const value of values as readonly unknown[]) addValue(found, kind, name, value)
  }
  return found.list
}

function addValue(found: Terms, kind: Kind, name: string, value: unknown): void {
  const text = encodeValue(value)
  if (text === undefined) throw notValue(kind, name, value)
  found.add(name, text)
}

/** Terms as they are found. As long as they are those of before, nothing is joined and no list is made. */
class Terms {
  readonly #before: readonly string[]
  /** How many of those before have come again, in their order. */
  #same = 0
  /** Undefined until something differs. */
  #list: string[] | undefined = undefined
  #known: Set<string> | undefined = undefined

  constructor(before: readonly string[]) {
    this.#before = before
  }

  get list(): readonly string[] {
    const before = this.#before
    const list = this.#list ?? (this.#same < before.length ? before.slice(0, this.#same) : before)
    if (list === before) return before
    if (list.length === 0) return NO_TERMS
    return list.length === before.length && list.every((term, index) => term === before[index])
      ? before
      : list
  }

  add(name: string, text: string): void {
    const next = this.#list === undefined ? this.#before[this.#same] : undefined
    if (next !== undefined && isTerm(next, name, text)) {
      this.#same++
      return
    }
    const list = (this.#list ??= this.#before.slice(0, this.#same))
    const term = postingTerm(name, text)
    if (list.length < FEW) {
      if (!list.includes(term)) list.push(term)
      return
    }
    this.#known ??= new Set(list)
    if (this.#known.size < this.#known.add(term).size) list.push(term)
  }
}

/** Whether it is the term that would be made of both. */
function isTerm(term: string, name: string, text: string): boolean {
  const isLong = term.length === name.length + SEPARATOR.length + text.length
  return isLong && term.endsWith(text) && term.startsWith(name) && term[name.length] === SEPARATOR
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
