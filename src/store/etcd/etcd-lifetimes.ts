import { isKeelsonError } from '../../core/index.js'
import { assertKnown, backoffMs, compareText, knownOptions, ownOptions } from '../../core/internal.js'
import { assertLifetimeId, assertTtl } from '../lifetime/expiry.js'
import type { Lifetime, LifetimeOptions, Lifetimes } from '../lifetime/lifetimes.js'
import { assertRef } from '../object/object-name.js'
import { AlreadyExistsError, LifetimeNotFoundError } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import { causeOf } from '../object/write-cause.js'
import { Overlay } from '../transaction/overlay.js'
import { endObject } from '../write/delete-object.js'
import { CAUSE_NAMES } from '../write/known-write-options.js'
import type { AttemptResult, AttemptSite, Committer, CommitterParts, EtcdWriter } from './committer.js'
import { leaseSeconds, lifetimeValue } from './committer.js'
import { pathOf, pathOfPlace } from './key-space.js'
import type { KeptPlace, MirroredLifetime } from './mirror.js'

const GRANT_OPTIONS = /* @__PURE__ */ knownOptions<LifetimeOptions>('grant', { ttlMs: true, id: true })
const REVOKE_OPTIONS = /* @__PURE__ */ knownOptions<WriteCause>('revoke', CAUSE_NAMES)

/** An end that could not be carried out is tried again. */
const RETRY_BASE_MS = 100
const RETRY_MAX_MS = 10_000

/**
 * Lifetimes as leases of etcd. The lease takes only the lifetime away; the store that sees that first deletes what hung on
 * it, as any delete does: finalizers hold it, dependents are told, and it is one revision.
 */
export class EtcdLifetimes implements Lifetimes {
  readonly #parts: CommitterParts
  readonly #committer: Committer
  readonly #options: EtcdWriter
  readonly #ending: Map<string, Promise<void>>

  constructor(
    parts: CommitterParts,
    committer: Committer,
    options: EtcdWriter,
    ending: Map<string, Promise<void>> = new Map(),
  ) {
    this.#parts = parts
    this.#committer = committer
    this.#options = options
    this.#ending = ending
  }

  /** The same, changed by that writer. */
  for(options: EtcdWriter): EtcdLifetimes {
    return new EtcdLifetimes(this.#parts, this.#committer, options, this.#ending)
  }

  readonly get: Lifetimes['get'] = id => {
    this.#assertOpen()
    const found = this.#parts.mirror.lifetime(id)
    return found?.isNamed === true ? this.#describe(found) : undefined
  }

  readonly list: Lifetimes['list'] = () => {
    this.#assertOpen()
    return [...this.#parts.mirror.lifetimes]
      .filter(({ isNamed }) => isNamed)
      .map(each => this.#describe(each))
      .sort((a, b) => compareText(a.id, b.id))
  }

  readonly of: Lifetimes['of'] = (kind, ref) => {
    const table = this.#parts.replica.parts.engine.table(kind)
    assertRef(table.kind, ref)
    const kept = this.#parts.mirror.kept(pathOf(table, ref))
    const found = kept === undefined ? undefined : this.#parts.mirror.lifetime(kept.lifetimeId)
    if (found === undefined) return undefined
    const { id, ttlMs, isNamed } = found
    const remainingMs = this.#remainingMs(found)
    return Object.freeze({ ...(isNamed ? { id } : {}), ttlMs, remainingMs })
  }

  readonly grant: Lifetimes['grant'] = async options => {
    assertKnown(options, GRANT_OPTIONS)
    const { ttlMs, id: asked } = ownOptions(options)
    assertTtl(ttlMs, 'lifetime')
    if (asked !== undefined) assertLifetimeId(asked, 'lifetime', 'id')
    this.#assertOpen()
    const { connection, keys, replica, mirror } = this.#parts
    const id = asked ?? replica.parts.engine.env.ids.next('lifetime')
    const { id: lease } = await connection.grantLease(leaseSeconds(ttlMs))
    const put = { put: keys.lifetime(id), value: lifetimeValue(lease, ttlMs, true), lease }
    try {
      await this.#commit('grant a lifetime', ({ lifetimes }) => {
        if (lifetimes.read(id) !== undefined)
          throw new AlreadyExistsError({ kind: 'lifetime', name: id }, false)
        return { result: undefined, mutations: [], kept: [], more: [put] }
      })
    } catch (error) {
      await connection.revokeLease(lease).catch(() => {
        // It ends by itself, and nothing hangs on it.
      })
      throw error
    }
    const granted = mirror.lifetime(id)
    if (granted === undefined) throw new LifetimeNotFoundError(id)
    return this.#describe(granted)
  }

  readonly renew: Lifetimes['renew'] = async id => {
    assertLifetimeId(id, 'lifetime', 'id')
    this.#assertOpen()
    const { connection, replica } = this.#parts
    const found = await this.#commit(`renew lifetime ${id}`, site => {
      return { result: required(site, id), mutations: [], kept: [] }
    })
    const askedAtMs = replica.parts.engine.env.clock.monotonic()
    const { ttl } = await connection.renewLease(found.leaseId)
    if (ttl <= 0) throw new LifetimeNotFoundError(id)
    found.deadlineMs = askedAtMs + found.ttlMs
    return this.#describe(found)
  }

  readonly revoke: Lifetimes['revoke'] = async (id, cause = {}) => {
    assertKnown(cause, REVOKE_OPTIONS)
    const own = causeOf(cause) ?? { reason: `lifetime ${id} was revoked` }
    assertLifetimeId(id, 'lifetime', 'id')
    this.#assertOpen()
    const { connection, keys } = this.#parts
    const attempt =
      (most: number) =>
      (site: AttemptSite): AttemptResult<bigint> => {
        const { leaseId } = required(site, id)
        const places = this.#left(id).slice(0, most)
        return { ...this.#endAll(site, places, leaseId), more: [{ delete: keys.lifetime(id) }] }
      }
    const label = `revoke lifetime ${id}`
    let lease: bigint
    try {
      lease = await this.#commit(label, attempt(Number.POSITIVE_INFINITY), own)
    } catch (error) {
      if (!isKeelsonError(error, 'TooLarge')) throw error
      lease = await this.#commit(label, attempt(0), own)
      await this.end(id, own)
    }
    await connection.revokeLease(lease).catch(() => {
      // It ends by itself, and has no key any more.
    })
  }

  /**
   * The lifetime is gone; so is what hangs on it. Whoever else sees it does the same, and one of them does it. Resolves when
   * it is done, or cannot be.
   */
  end(id: string, cause: WriteCause = endOf(id)): Promise<void> {
    const running = this.#ending.get(id)
    if (running !== undefined) return running
    const done = this.#endUntilDone(id, cause).finally(() => this.#ending.delete(id))
    this.#ending.set(id, done)
    return done
  }

  /** All at once, or in parts that a transaction takes. */
  async #endUntilDone(id: string, cause: WriteCause): Promise<void> {
    const { mirror, replica } = this.#parts
    const { env } = replica.parts.engine
    let most = Number.POSITIVE_INFINITY
    for (let attempt = 1; this.#left(id).length > 0 && mirror.lifetime(id) === undefined; ) {
      let count = 0
      try {
        await this.#committer.commit({
          fences: [],
          cause,
          attempt: site => {
            const places = site.lifetimes.read(id) === undefined ? this.#left(id).slice(0, most) : []
            count = places.length
            return this.#endAll(site, places, undefined)
          },
        })
        attempt = 1
      } catch (error) {
        if (isKeelsonError(error, 'Closed', 'Corrupt')) return
        if (isKeelsonError(error, 'TooLarge') && count > 1) {
          most = Math.ceil(count / 2)
          continue
        }
        env.logger.error(
          { err: error, lifetime: id },
          'what hung on a lifetime that is over cannot be deleted; it is tried again',
        )
        await env.clock.sleep(backoffMs({ baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, attempt++))
      }
    }
  }

  /** What still hangs on it, of the kinds that this store knows; the rest is for those who know them. */
  #left(id: string): readonly KeptPlace[] {
    const { tables } = this.#parts.replica.parts.engine
    return this.#parts.mirror
      .keptBy(id)
      .filter(({ place: { apiVersion, kind } }) => tables.named(apiVersion, kind) !== undefined)
  }

  /** As if by a plain delete that no admission hook is asked about, in the order of kinds and keys. */
  #endAll<T>(site: AttemptSite, places: readonly KeptPlace[], result: T): AttemptResult<T> {
    const { engine } = this.#parts.replica.parts
    const { lifetimes } = site
    const overlay = new Overlay({ engine, lifetimes }, { base: site.reads, replies: site.replies })
    const sorted = [...places].sort((a, b) => compareText(pathOfPlace(a.place), pathOfPlace(b.place)))
    for (const { place } of sorted) {
      const table = engine.tables.named(place.apiVersion, place.kind)
      const object = table === undefined ? undefined : overlay.current(table, place)
      if (table !== undefined && object !== undefined) endObject(overlay, table, object, {})
    }
    overlay.ended = true
    const released = sorted.map(({ place }) => pathOfPlace(place))
    return { result, mutations: overlay.mutations, kept: [], released }
  }

  #commit<T>(
    label: string,
    attempt: (site: AttemptSite) => AttemptResult<T>,
    cause?: WriteCause,
  ): Promise<T> {
    const { steps: env, fences } = this.#options
    const steps = env === undefined ? undefined : { env, about: { kind: 'commit' as const, label } }
    return this.#committer.commit({ attempt, fences, cause, steps })
  }

  #describe(found: MirroredLifetime): Lifetime {
    const { id, ttlMs } = found
    const objects = this.#parts.mirror.keptBy(id).length
    return Object.freeze({ id, ttlMs, remainingMs: this.#remainingMs(found), objects })
  }

  #remainingMs({ deadlineMs }: MirroredLifetime): number {
    return Math.max(0, deadlineMs - this.#parts.replica.parts.engine.env.clock.monotonic())
  }

  #assertOpen(): void {
    this.#parts.replica.parts.engine.assertOpen()
  }
}

function endOf(id: string): WriteCause {
  return {
    reason: id.startsWith('ttl-') ? 'the time to live of the object is over' : `lifetime ${id} expired`,
  }
}

/** @throws LifetimeNotFoundError; the ttl of an object has no name by which it could be asked for */
function required({ lifetimes }: AttemptSite, id: string): MirroredLifetime {
  const found = lifetimes.read(id)
  if (found?.isNamed !== true) throw new LifetimeNotFoundError(id)
  return found
}
