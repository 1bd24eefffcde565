import type { Expiry } from '../lifetime/expiry.js'
import { LifetimeNotFoundError } from '../object/store-errors.js'
import type { ObjectKeeping } from '../write/write-site.js'
import type { Mirror, MirroredLifetime } from './mirror.js'

const NONE: ReadonlySet<string> = /* @__PURE__ */ new Set()

/** The lifetimes of a store as one attempt to write reads them, with a note of each that was asked for. */
export class LifetimeReads implements ObjectKeeping {
  readonly #mirror: Mirror
  #ids: Set<string> | undefined

  constructor(mirror: Mirror) {
    this.#mirror = mirror
  }

  /** Those that were asked for, also those that are not there. */
  get ids(): ReadonlySet<string> {
    return this.#ids ?? NONE
  }

  read(id: string): MirroredLifetime | undefined {
    this.#ids ??= new Set()
    this.#ids.add(id)
    return this.#mirror.lifetime(id)
  }

  assertLive(expiry: Expiry | undefined): void {
    if (expiry?.kind === 'lifetime' && this.read(expiry.id) === undefined)
      throw new LifetimeNotFoundError(expiry.id)
  }

  /** What an object hangs on is written with it. */
  keep(): void {}
}
