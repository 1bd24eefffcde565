import { contentHash } from '../../core/index.js'
import type { StoredObject } from '../../store/index.js'
import { objectId } from '../object-key.js'
import type { SourceChange } from '../sources/event-mapping.js'

/** States remembered in all; with one more, everything is new again. */
const STATES_MAX = 1000

/** RFC 3339: the time at which something was written is no news. */
const TIME_TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** The states of one object; a hash is made when there are two to compare. */
interface Known {
  readonly first: StoredObject | undefined
  hashes: Set<string> | undefined
}

/** The states in which one key has left objects since something else woke it. */
export class SeenStates {
  readonly #byObject = new Map<string, Known>()
  #count = 0

  /** Remembers what `change` made of its object; true when the object was not seen so before. */
  isNew(change: SourceChange): boolean {
    const object = change.after ?? change.before
    if (object === undefined) return false
    if (this.#count >= STATES_MAX) this.clear()
    const isNews = this.#remember(objectId(object), change.after)
    if (isNews) this.#count++
    return isNews
  }

  clear(): void {
    this.#byObject.clear()
    this.#count = 0
  }

  #remember(id: string, state: StoredObject | undefined): boolean {
    const known = this.#byObject.get(id)
    if (known === undefined) {
      this.#byObject.set(id, { first: state, hashes: undefined })
      return true
    }
    known.hashes ??= new Set([stateHash(known.first)])
    const hash = stateHash(state)
    const isNews = !known.hashes.has(hash)
    known.hashes.add(hash)
    return isNews
  }
}

/** Equal for versions of an object that say the same, times aside. */
function stateHash(object: StoredObject | undefined): string {
  if (object === undefined) return ''
  const { resourceVersion, generation, managedFields, uid, creationTimestamp, ...metadata } = object.metadata
  return contentHash(withoutTimes({ ...object, metadata }))
}

function withoutTimes(value: unknown): unknown {
  if (typeof value === 'string') return TIME_TEXT.test(value) ? '' : value
  if (Array.isArray(value)) return value.map(withoutTimes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutTimes(member)]))
}
