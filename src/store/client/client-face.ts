import type { Env } from '../../core/index.js'
import type { Engine } from '../engine/engine.js'
import type { Client, Store } from './client.js'
import type { Writer } from './writer.js'

/** The members of an interface, whose overloads and type parameters are for callers only. */
export type MembersOf<Face> = { readonly [Member in keyof Face]: unknown }

/** What a client is put together from. */
export interface ClientMembers {
  readonly env: Env
  readonly leases: unknown
  readonly reader: MembersOf<Pick<Client, 'get' | 'list' | 'count'>>
  readonly writer: MembersOf<Writer>
  readonly sights: MembersOf<Pick<Client, 'snapshot' | 'watch' | 'client'>>
}

/**
 * A client of an engine. Its functions are its own, so that they may be taken out of it. A class, and no literal with a
 * getter, for those become dictionaries, and each attempt of a controller has a client of its own.
 */
export class ClientFace implements MembersOf<Client> {
  readonly env: Env
  readonly leases: unknown
  readonly get: unknown
  readonly list: unknown
  readonly count: unknown
  readonly create: unknown
  readonly update: unknown
  readonly updateStatus: unknown
  readonly modify: unknown
  readonly modifyStatus: unknown
  readonly patch: unknown
  readonly delete: unknown
  readonly transact: unknown
  readonly optimistic: unknown
  readonly snapshot: unknown
  readonly watch: unknown
  readonly client: unknown
  /** Not `#engine`: an object that inherits from a client, with another `watch` say, must read it too. */
  readonly engine: Engine

  constructor(engine: Engine, { env, leases, reader, writer, sights }: ClientMembers) {
    this.engine = engine
    this.env = env
    this.leases = leases
    this.get = reader.get
    this.list = reader.list
    this.count = reader.count
    this.create = writer.create
    this.update = writer.update
    this.updateStatus = writer.updateStatus
    this.modify = writer.modify
    this.modifyStatus = writer.modifyStatus
    this.patch = writer.patch
    this.delete = writer.delete
    this.transact = writer.transact
    this.optimistic = writer.optimistic
    this.snapshot = sights.snapshot
    this.watch = sights.watch
    this.client = sights.client
  }

  get revision(): number {
    return this.engine.revision
  }
}

/** A client that can do to its engine what only its owner may. */
export class StoreFace extends ClientFace implements MembersOf<Store> {
  readonly compact: Store['compact']
  readonly close: Store['close']

  constructor(engine: Engine, members: ClientMembers, owner: Pick<Store, 'compact' | 'close'>) {
    super(engine, members)
    this.compact = owner.compact
    this.close = owner.close
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
