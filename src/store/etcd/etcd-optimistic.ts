import { backoffMs } from '../../core/internal.js'
import { AdmissionReplies } from '../admission/admission-replies.js'
import type { OptimisticWrite } from '../client/client-write.js'
import { assertWhole, ConflictError, ExpiredError } from '../object/store-errors.js'
import { causeOf } from '../object/write-cause.js'
import { ATTEMPTS_DEFAULT, conflictOf, RETRY_DELAY_MS } from '../transaction/optimistic.js'
import { Overlay } from '../transaction/overlay.js'
import { ReadSet } from '../transaction/read-set.js'
import { OverlayTransaction } from '../transaction/run-transaction.js'
import { tellCommitted } from '../write/commit-listener.js'
import type { CommitRequest, Done } from './committer.js'
import type { EtcdClientParts } from './etcd-client-parts.js'
import { LifetimeReads } from './lifetime-reads.js'

type Outcome = Done<unknown> | { readonly conflict: Error } | 'again'

/**
 * Runs the body on a pinned revision, and has etcd do what it wants if all that it has read is still so; else again, after
 * a random part of a growing delay.
 */
export async function runOptimisticInEtcd(
  parts: EtcdClientParts,
  { body, options }: OptimisticWrite,
  request: Pick<CommitRequest<unknown>, 'fences' | 'steps'>,
): Promise<unknown> {
  const { attempts = ATTEMPTS_DEFAULT } = options
  assertWhole('attempts', attempts)
  const { env } = parts.replica.parts.engine
  const replies = new AdmissionReplies()
  const whole = { ...request, cause: causeOf(options) }
  for (let attempt = 1; ; ) {
    const outcome = await attemptOnce(parts, { body, replies }, whole)
    if (outcome === 'again') continue
    if ('result' in outcome) {
      tellCommitted(parts.replica.parts.engine, options, outcome.revision)
      return outcome.result
    }
    if (attempt === attempts) throw outcome.conflict
    const mostMs = backoffMs({ baseMs: RETRY_DELAY_MS, maxMs: Number.POSITIVE_INFINITY }, attempt++)
    await env.clock.sleep(env.random.next() * mostMs)
  }
}

async function attemptOnce(
  parts: EtcdClientParts,
  { body, replies }: Pick<OptimisticWrite, 'body'> & { readonly replies: AdmissionReplies },
  request: Pick<CommitRequest<unknown>, 'fences' | 'steps' | 'cause'>,
): Promise<Outcome> {
  const { replica, mirror, committer } = parts
  const { engine } = replica.parts
  engine.assertOpen()
  const { history, revision } = engine
  history.pin(revision)
  const reads = new ReadSet(engine, revision)
  const lifetimes = new LifetimeReads(mirror)
  const overlay = new Overlay({ engine, lifetimes }, { base: reads, canWait: true, replies })
  const answered = async (): Promise<'again'> => {
    await Promise.all(overlay.pending.map(async one => replies.add(one, await one.reply)))
    return 'again'
  }
  try {
    const result = await body(new OverlayTransaction(overlay))
    overlay.ended = true
    const { mutations, kept } = overlay
    if (overlay.pending.length > 0) return await answered()
    if (mutations.length === 0 && kept.length === 0) return { result, revision: undefined }
    const done = await committer.commitDecided(
      { reads, lifetimes, outcome: { result, mutations, kept } },
      request,
    )
    return done ?? { conflict: await conflictWith(parts, reads) }
  } catch (error) {
    if (overlay.pending.length > 0) return await answered()
    if (error instanceof ExpiredError && revision < engine.log.oldestStart) return { conflict: error }
    throw error
  } finally {
    overlay.ended = true
    if (history.release(revision)) engine.compactor.cutFree()
  }
}

/** How long the change that etcd has told of may take to arrive here. */
const ARRIVAL_MS = 1_000

/** What etcd says has changed, once it is seen here. */
async function conflictWith({ replica }: EtcdClientParts, reads: ReadSet): Promise<Error> {
  const { engine } = replica.parts
  const { clock } = engine.env
  const untilMs = clock.monotonic() + ARRIVAL_MS
  for (;;) {
    const change = reads.firstChange()
    if (change !== undefined) return conflictOf(change, reads.revision)
    const leftMs = untilMs - clock.monotonic()
    if (leftMs <= 0) break
    await Promise.race([replica.through(replica.freshness.revision + 1), clock.sleep(leftMs)])
  }
  const kinds: string[] = []
  reads.keys.forEach((_names, { kind }) => void kinds.push(kind.kind))
  return new ConflictError(
    { kind: kinds[0] ?? 'object', name: 'that was read' },
    { field: 'resourceVersion', expected: String(reads.revision), actual: 'newer' },
  )
}
