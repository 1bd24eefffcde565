import { deepEqual } from '../../core/internal.js'

const INDEX = /^(?:0|[1-9]\d*)$/

/** Copies of one tree nest no deeper. */
const COPY_DEPTH_MAX = 1_000

/** The own member of an object or array that a pointer's token names; undefined when there is none. */
export function memberOf(value: unknown, token: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return INDEX.test(token) ? value[Number(token)] : undefined
  return Object.hasOwn(value, token) ? (value as Readonly<Record<string, unknown>>)[token] : undefined
}

/**
 * Changes trees of JSON that others may hold: what is there before is never written to. A node is copied when it is
 * changed for the first time, and in place from then on, so many changes of one long list copy it once.
 */
export class TreeEditor {
  /** Copies that nobody else has. */
  readonly #own = new WeakSet()
  readonly #copyBytesMax: number
  #copiedBytes = 0

  /** How much JSON `share` may double in all, about as many bytes as its text has. */
  constructor(copyBytesMax: number) {
    this.#copyBytesMax = copyBytesMax
  }

  /** The container with another value for a member that is there; itself when it is the same value. */
  replace(container: unknown, token: string, value: unknown): unknown {
    if (memberOf(container, token) === value) return container
    const own = this.#owned(container)
    if (Array.isArray(own)) own[Number(token)] = value
    else own[token] = value
    return own
  }

  /** The container without a member that is there. */
  remove(container: unknown, token: string): unknown {
    const own = this.#owned(container)
    if (Array.isArray(own)) own.splice(Number(token), 1)
    else delete own[token]
    return own
  }

  /** The container with one more item, or with a member set; or why that cannot be. */
  insert(container: unknown, token: string, value: unknown): { readonly value: unknown } | string {
    if (typeof container !== 'object' || container === null)
      return 'wants to add to something that is no object or array'
    if (!Array.isArray(container)) {
      if (deepEqual(memberOf(container, token), value)) return { value: container }
      return { value: this.replace(container, token, value) }
    }
    if (token !== '-' && !INDEX.test(token)) return `takes "${token}" for an array index`
    const index = token === '-' ? container.length : Number(token)
    if (index > container.length) return `is beyond the end of an array of ${container.length}`
    const own = this.#owned(container) as unknown[]
    own.splice(index, 0, value)
    return { value: own }
  }

  /**
   * Prepares a value for a second place: from now on it is changed by copying. False when it is too large, or nests too
   * deep, for what is left of the limit.
   */
  share(value: unknown, depth = 0): boolean {
    this.#copiedBytes += weightOf(value)
    if (this.#copiedBytes > this.#copyBytesMax || depth > COPY_DEPTH_MAX) return false
    if (typeof value !== 'object' || value === null) return true
    this.#own.delete(value)
    if (Array.isArray(value)) return value.every(item => this.share(item, depth + 1))
    return Object.entries(value).every(([key, member]) => {
      this.#copiedBytes += key.length + 3
      return this.share(member, depth + 1)
    })
  }

  #owned(container: unknown): unknown[] | Record<string, unknown> {
    if (this.#own.has(container as object)) return container as unknown[] | Record<string, unknown>
    const copy: unknown[] | Record<string, unknown> = Array.isArray(container)
      ? container.slice()
      : { ...(container as object) }
    this.#own.add(copy)
    return copy
  }
}

/** About the length of the text of a scalar, or of the brackets and the comma of a container. */
function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3
  return typeof value === 'number' ? 8 : 5
}
