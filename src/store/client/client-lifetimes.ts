import type { Engine } from '../engine/engine.js'
import type { LeaseKeeper } from '../lifetime/lifetime-keeper.js'
import type { LeaseOptions, Leases, ObjectLease } from '../lifetime/lifetimes.js'
import type { WriteCause } from '../object/write-cause.js'
import { causeOf } from '../object/write-cause.js'
import type { WriteTarget } from '../write/write-site.js'
import type { WritePath } from './write-path.js'

/** The leases of a store, changed along the path of a client. */
export class ClientLeases implements Leases {
  readonly #engine: Engine
  readonly #leases: LeaseKeeper
  readonly #path: WritePath

  constructor({ engine, leases }: WriteTarget, path: WritePath) {
    this.#engine = engine
    this.#leases = leases
    this.#path = path
  }

  get(id: string): ObjectLease | undefined {
    this.#engine.assertOpen()
    return this.#leases.get(id)
  }

  grant(options: LeaseOptions): Promise<ObjectLease> {
    return this.#step('grant a lease', () => this.#leases.grant({ ...options }))
  }

  renew(id: string): Promise<ObjectLease> {
    return this.#step(`renew lease ${id}`, () => this.#leases.renew(id))
  }

  revoke(id: string, cause: WriteCause = {}): Promise<void> {
    return this.#step(`revoke lease ${id}`, () => this.#leases.revoke(id, causeOf(cause)))
  }

  #step<T>(label: string, change: () => T): Promise<T> {
    return this.#path.submit(change, () => ({ label }))
  }
}
