import { Observable } from 'rxjs'
import type { Session, SessionEvent } from '../offers/index.js'

/**
 * The events of a session of `keelson/offers` as an observable. It has one consumer: a second subscription is an `error`
 * and leaves the first alone. Unsubscribing stops the reading and leaves the session connected: what comes then waits
 * for the next reader. It completes when the session was taken over, disconnected, or its pool closed.
 *
 * An observable cannot slow its source: what an operator holds back (`concatMap`, `delay`) holds offers until they
 * expire. Where handling takes time, read the session with `for await`.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { filter, firstValueFrom } from 'rxjs'
 * import { createPool, resources } from 'keelson/offers'
 * import { fromSession } from 'keelson/rxjs'
 *
 * const pool = createPool({ driver: { launch: async () => {}, kill: async () => {} } })
 * pool.agent({ id: 'a1', resources: resources('cpus:4;mem:8192') })
 * const session = pool.subscribe({ name: 'web', roles: ['prod'] })
 * const offers = await firstValueFrom(fromSession(session).pipe(filter(event => event.type === 'offers')))
 * assert.equal(offers.type, 'offers')
 * pool.close()
 * ```
 */
export function fromSession(session: Session): Observable<SessionEvent> {
  return new Observable(subscriber =>
    session.on(
      event => subscriber.next(event),
      () => subscriber.complete(),
    ),
  )
}
