import type { Env } from '../../core/index.js'
import type { Client, ClientOptions } from './client.js'
import type { ClientWrite } from './client-write.js'
import { DelegatingClient } from './delegating-client.js'

/**
 * Stands between a client and its writes: may look at a write, change it, delay it, refuse it by throwing or
 * rejecting, or have it done by `next`.
 */
export type WriteTap = <T>(write: ClientWrite, next: (write: ClientWrite) => Promise<T>) => Promise<T>

/**
 * The client with `tap` before each of its writes, one way for all verbs; so do clients made from it. Reads, watches
 * and lifetimes are those of the client.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createStore, defineKind, tapWrites } from 'keelson/store'
 *
 * const Widget = defineKind({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const asked: string[] = []
 * const client = tapWrites(createStore({ kinds: [Widget] }), (write, next) => {
 *   asked.push(write.verb)
 *   return next(write)
 * })
 * await client.create(Widget, { metadata: { namespace: 'default', name: 'a' }, spec: {} })
 * assert.deepEqual(asked, ['create'])
 * ```
 */
export function tapWrites(client: Client, tap: WriteTap): Client {
  return new TappedClient(client, tap)
}

class TappedClient extends DelegatingClient {
  readonly #tap: WriteTap

  constructor(base: Client, tap: WriteTap) {
    super(base)
    this.#tap = tap
  }

  override client(env: Env, options?: ClientOptions): Client {
    return new TappedClient(this.base.client(env, options), this.#tap)
  }

  protected override write(write: ClientWrite): Promise<never> {
    try {
      return this.#tap(write, asked => super.write(asked))
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
