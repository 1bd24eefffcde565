import { assertKnown, knownOptions, ownOptions } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import type { LifetimeKeeper } from '../lifetime/lifetime-keeper.js'
import type { LifetimeOptions, Lifetimes } from '../lifetime/lifetimes.js'
import { assertRef } from '../object/object-name.js'
import type { WriteCause } from '../object/write-cause.js'
import { causeOf } from '../object/write-cause.js'
import { CAUSE_NAMES } from '../write/known-write-options.js'
import type { StoreParts } from './store-parts.js'
import type { WritePath } from './write-path.js'

const GRANT_OPTIONS = /* @__PURE__ */ knownOptions<LifetimeOptions>('grant', { ttlMs: true, id: true })
const REVOKE_OPTIONS = /* @__PURE__ */ knownOptions<WriteCause>('revoke', CAUSE_NAMES)

/** The lifetimes of a store, changed along the path of a client. Its functions are its own. */
export class ClientLifetimes implements Lifetimes {
  readonly #engine: Engine
  readonly #lifetimes: LifetimeKeeper
  readonly #path: WritePath

  constructor({ engine, lifetimes }: StoreParts, path: WritePath) {
    this.#engine = engine
    this.#lifetimes = lifetimes
    this.#path = path
  }

  readonly get: Lifetimes['get'] = id => {
    this.#engine.assertOpen()
    return this.#lifetimes.get(id)
  }

  readonly list: Lifetimes['list'] = () => {
    this.#engine.assertOpen()
    return this.#lifetimes.list()
  }

  readonly of: Lifetimes['of'] = (kind, ref) => {
    const table = this.#engine.table(kind)
    assertRef(table.kind, ref)
    const entry = table.find(ref.namespace, ref.name)
    return entry === undefined ? undefined : this.#lifetimes.of(entry)
  }

  readonly grant: Lifetimes['grant'] = async options => {
    assertKnown(options, GRANT_OPTIONS)
    const own = ownOptions(options)
    return this.#step('grant a lifetime', () => this.#lifetimes.grant(own))
  }

  readonly renew: Lifetimes['renew'] = id =>
    this.#step(`renew lifetime ${id}`, () => this.#lifetimes.renew(id))

  readonly revoke: Lifetimes['revoke'] = async (id, cause = {}) => {
    assertKnown(cause, REVOKE_OPTIONS)
    const own = causeOf(cause)
    return this.#step(`revoke lifetime ${id}`, () => this.#lifetimes.revoke(id, own))
  }

  #step<T>(label: string, change: () => T): Promise<T> {
    return this.#path.submit(change, () => ({ label }))
  }
}
