import type { Env, Logger } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { KeyRecord } from '../queue/key-record.js'
import type { RecordQueue } from '../queue/work-queue.js'
import type { AttemptPauses } from './attempt-pauses.js'
import type { Outcome } from './outcome.js'
import type { PollPauses } from './poll-pauses.js'
import type { Quarantine } from './quarantine.js'

/** What a controller keeps of its keys. */
export interface KeyStates {
  readonly env: Env
  readonly logger: Logger
  readonly queue: RecordQueue<ObjectRef>
  readonly quarantine: Quarantine
  readonly polls: PollPauses
  readonly pauses: AttemptPauses
}

/** Does to the key's record what was decided, and tells the log. */
export function applyOutcome(keys: KeyStates, record: KeyRecord<ObjectRef>, outcome: Outcome): void {
  const { queue, env, logger, quarantine, polls, pauses } = keys
  const { key } = record
  if (outcome.kind !== 'retry' && outcome.kind !== 'conflict' && outcome.kind !== 'pause')
    quarantine.forget(key)
  if (outcome.kind !== 'poll') polls.forget(key)
  if (outcome.kind !== 'pause') pauses.passed()
  switch (outcome.kind) {
    case 'success':
      return queue.forgetFailures(record)
    case 'requeueAfter':
      queue.forgetFailures(record)
      return queue.addAfter(key, outcome.afterMs, { reason: 'requeueAfter' })
    case 'poll':
      queue.forgetFailures(record)
      return queue.addAfter(key, polls.next(key, outcome), { reason: 'poll' })
    case 'conflict': {
      queue.countConflict(key)
      const afterMs = outcome.withinMs * (0.5 + 0.5 * env.random.next())
      logger.debug({ key: refText(key), err: outcome.error, afterMs }, 'lost a write race; trying again')
      return queue.addAfter(key, afterMs, { reason: 'conflict' })
    }
    case 'terminal':
      logger.error(
        { key: refText(key), err: outcome.error },
        'reconcile failed for good; waiting for a change',
      )
      return queue.forget(key)
    case 'pause': {
      const { error } = outcome
      const afterMs = pauses.begin(error, outcome.pauseMs)
      queue.countFailure(key, afterMs)
      logger.error(
        { key: refText(key), err: error, afterMs },
        'reconcile failed as others would; nothing runs meanwhile',
      )
      return queue.addAfter(key, afterMs, { reason: 'paused' })
    }
    case 'retry': {
      const { afterMs, error, refund } = outcome
      queue.countFailure(key, afterMs)
      if (!isKeelsonError(error, 'RetryAfter') && quarantine.failed(key, error)) {
        refund?.()
        return logger.error(
          { key: refText(key), err: error },
          'keeps failing in the same way; waiting for a change',
        )
      }
      logger.error({ key: refText(key), err: error, afterMs }, 'reconcile failed; backing off')
      return queue.addAfter(key, afterMs, { reason: 'failed', ...(refund === undefined ? {} : { refund }) })
    }
  }
}
