import type { Clock, Env } from '../../core/index.js'
import { createEnv, silentLogger, systemEnv } from '../../core/index.js'
import type { Kind } from '../kind/kind.js'
import { defineKind } from '../kind/kind.js'

/** Nothing ends in what is only looked at. */
const STOPPED_CLOCK: Clock = {
  now: () => systemEnv.clock.now(),
  monotonic: () => 0,
  after: () => () => {},
  sleep: () => Promise.resolve(),
}

/** For the engine of a store that is looked at from outside: it is silent, and no lifetime ends. */
export function onlookerEnv(): Env {
  return createEnv({ logger: silentLogger, clock: STOPPED_CLOCK })
}

/** Kinds made up from the objects of a store, by somebody who was given none. */
export class FoundKinds {
  readonly #namespaced = new Map<string, readonly [apiVersion: string, kind: string, namespaced: boolean]>()
  readonly #secret = new Set<string>()

  /** There is an object of that kind. */
  see(apiVersion: string, kind: string, namespace: string | null | undefined): void {
    const key = `${apiVersion}/${kind}`
    if (this.#namespaced.has(key)) return
    this.#namespaced.set(key, [apiVersion, kind, namespace !== undefined && namespace !== null])
  }

  /** @param key `apiVersion/kind` of a kind that is secret */
  seeSecret(key: string): void {
    this.#secret.add(key)
  }

  /** In the order in which they were seen. */
  get all(): readonly Kind[] {
    return [...this.#namespaced].map(([key, [apiVersion, kind, namespaced]]) =>
      defineKind({
        apiVersion,
        kind,
        plural: `${kind.toLowerCase()}s`,
        namespaced,
        nameFormat: 'path-segment',
        secret: this.#secret.has(key),
      }),
    )
  }
}
