import type { Env } from '../../core/index.js'
import type { Kind } from '../kind/kind.js'
import type { Lifetimes } from '../lifetime/lifetimes.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { GroupBy, GroupCount, ObjectList, ReadOptions } from '../read/reader.js'
import type { Watch, WatchOptions } from '../watch/watch.js'
import type { Client, ClientOptions, Snapshot } from './client.js'
import type { ClientWrite } from './client-write.js'
import { sendWrite } from './client-write.js'
import { WriterVerbs } from './writer-verbs.js'

/**
 * A client that hands everything on to another one. Extend it and override what should differ: `write` has every
 * verb, as data; `client` decides what becomes of the clients made from it, which are those of `base` otherwise.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createStore, defineKind, DelegatingClient, type Kind, type ReadOptions } from 'keelson/store'
 *
 * class CountingClient extends DelegatingClient {
 *   lists = 0
 *   override list<Spec, Status>(kind: Kind<Spec, Status>, options?: ReadOptions) {
 *     this.lists++
 *     return super.list(kind, options)
 *   }
 * }
 *
 * const Widget = defineKind({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const client = new CountingClient(createStore({ kinds: [Widget] }))
 * client.list(Widget)
 * assert.equal(client.lists, 1)
 * ```
 */
export class DelegatingClient extends WriterVerbs implements Client {
  protected readonly base: Client

  constructor(base: Client) {
    super()
    this.base = base
  }

  get env(): Env {
    return this.base.env
  }

  get lifetimes(): Lifetimes {
    return this.base.lifetimes
  }

  get revision(): number {
    return this.base.revision
  }

  get<Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef): StoredObject<Spec, Status> | undefined {
    return this.base.get(kind, ref)
  }

  list<Spec, Status>(
    kind: Kind<Spec, Status>,
    options?: ReadOptions,
  ): ObjectList<StoredObject<Spec, Status>> {
    return this.base.list(kind, options)
  }

  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ReadOptions): number {
    return this.base.count(kind, options)
  }

  countBy<Spec, Status>(kind: Kind<Spec, Status>, by: GroupBy, options?: ReadOptions): readonly GroupCount[] {
    return this.base.countBy(kind, by, options)
  }

  snapshot(revision?: number | string): Snapshot {
    return this.base.snapshot(revision)
  }

  readonly watch: Client['watch'] = (kinds: Kind | readonly Kind[], options?: WatchOptions) =>
    this.openWatch(kinds, options) as Watch<never>

  client(env: Env, options?: ClientOptions): Client {
    return this.base.client(env, options)
  }

  /** Every watch is opened here. */
  protected openWatch(kinds: Kind | readonly Kind[], options?: WatchOptions): Watch<StoredObject> {
    return this.base.watch(kinds as readonly Kind[], options)
  }

  /** Every verb comes through here. */
  protected override write(write: ClientWrite): Promise<never> {
    return sendWrite(this.base, write) as Promise<never>
  }
}
