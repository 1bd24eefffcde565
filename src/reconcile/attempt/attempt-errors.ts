import { KeelsonError } from '../../core/index.js'

/** An attempt took longer than the controller's `timeoutMs`. Its client refuses writes from then on. */
export class AttemptTimeoutError extends KeelsonError {
  constructor(attempt: string, timeoutMs: number) {
    super({
      code: 'Timeout',
      message: `${attempt} took longer than ${timeoutMs} ms; do less in one attempt, or raise timeoutMs`,
      details: { attempt, timeoutMs },
    })
  }
}

/** A write through the client of an attempt that has ended. Its code is `Fenced`, like that of a lost licence. */
export class AttemptEndedError extends KeelsonError {
  /** @param why what ended it, for example `it returned` */
  constructor(attempt: string, why: string) {
    super({
      code: 'Fenced',
      message: `${attempt} has ended (${why}), so its client no longer writes; await every write before returning`,
      details: { attempt, why },
    })
  }
}
