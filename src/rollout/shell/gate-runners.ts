import type { TaskTemplate } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { backoffMs, boundedText, isRecord } from '../../core/internal.js'
import type { ObjectRef, Reader } from '../../store/index.js'
import type { GateQuestion } from '../gate.js'

/** What a program is asked when a rollout has reached its gate. */
export interface GateRun extends GateQuestion {
  readonly deployment: ObjectRef
  /** The ledger entry that is rolled out, and its template. */
  readonly entry: number
  readonly template: TaskTemplate
  readonly templateHash: string
  /** Index of the waypoint. */
  readonly waypoint: number
  readonly reader: Reader
  /** Aborted when nobody waits for the answer any more, or when it is late. */
  readonly signal: AbortSignal
}

/** `wait`: it is not known yet; ask again after `afterMs`, and no sooner than after a second. */
export type GateResult =
  | 'pass'
  | 'fail'
  | { readonly answer: 'pass' | 'fail'; readonly reason?: string }
  | { readonly answer: 'wait'; readonly afterMs: number; readonly reason?: string }

/**
 * An analysis or a hook. It may be called again for the same question, when a controller died before it could write the
 * answer down. What it throws is no answer: it is asked again, later and later, and after five times the gate fails.
 */
export type GateRunner = (run: GateRun) => GateResult | Promise<GateResult>

/** A question with what makes it another one. */
export interface OpenQuestion extends Omit<GateRun, 'reader' | 'signal'> {
  readonly uid: string
  readonly attempt: number
  /** Answers that this gate had before at this waypoint. */
  readonly answered: number
}

/** An answer that is not written down yet. */
export interface GateTold {
  readonly question: OpenQuestion
  readonly answer: 'pass' | 'fail'
  readonly reason?: string
}

/** Asks in the background, so that a slow program holds up nothing else. */
export interface GateRunners {
  /** Answers that have come and are not written down yet. */
  told(deployment: ObjectRef): readonly GateTold[]
  /** Asks what is open and not asked yet; what is no longer open is called off, and its answer forgotten. */
  sync(deployment: ObjectRef, open: readonly OpenQuestion[]): void
  /** Why a gate has no answer yet, where something is wrong. */
  complaints(deployment: ObjectRef): ReadonlyMap<string, string>
  close(): void
}

export interface GateRunnersOptions {
  readonly env: Env
  readonly reader: Reader
  readonly runners: Readonly<Record<string, GateRunner>>
  readonly timeoutMs: number
  /** Something is new about that Deployment. */
  changed(deployment: ObjectRef): void
}

/** Failures in a row after which a program is taken to have said no. */
const ERRORS_MAX = 5
const RETRY = { baseMs: 1_000, maxMs: 30_000 }
/** A program that has nothing to wait for does not keep the controller busy. */
const WAIT_MIN_MS = 1_000

interface Asked {
  readonly question: OpenQuestion
  told?: GateTold
  complaint?: string
  errors: number
  /** Calls off what runs or waits. */
  cancel: Cancel
}

export function createGateRunners(options: GateRunnersOptions): GateRunners {
  const { runners } = options
  const byDeployment = new Map<string, Map<string, Asked>>()
  return {
    told: deployment =>
      [...(byDeployment.get(keyOf(deployment))?.values() ?? [])].flatMap(({ told }) => told ?? []),
    complaints: deployment =>
      new Map(
        [...(byDeployment.get(keyOf(deployment))?.values() ?? [])].flatMap(({ question, complaint }) =>
          complaint === undefined ? [] : [[question.gate, complaint] as const],
        ),
      ),
    sync(deployment, open) {
      const before = byDeployment.get(keyOf(deployment)) ?? new Map<string, Asked>()
      const now = new Map<string, Asked>()
      for (const question of open) {
        const key = questionKey(question)
        const known = before.get(key)
        before.delete(key)
        now.set(
          key,
          known ??
            begin(
              question,
              Object.hasOwn(runners, question.gate) ? runners[question.gate] : undefined,
              options,
            ),
        )
      }
      for (const { cancel } of before.values()) cancel()
      if (now.size === 0) byDeployment.delete(keyOf(deployment))
      else byDeployment.set(keyOf(deployment), now)
    },
    close() {
      for (const asked of byDeployment.values()) for (const { cancel } of asked.values()) cancel()
      byDeployment.clear()
    },
  }
}

function keyOf({ namespace = '', name }: ObjectRef): string {
  return `${namespace}/${name}`
}

function questionKey({ uid, entry, attempt, waypoint, gate, answered }: OpenQuestion): string {
  return JSON.stringify([uid, entry, attempt, waypoint, gate, answered])
}

function begin(question: OpenQuestion, runner: GateRunner | undefined, options: GateRunnersOptions): Asked {
  const asked: Asked = { question, errors: 0, cancel: () => {} }
  if (runner === undefined)
    asked.complaint = 'no program is registered under that name; somebody has to answer in its place'
  else run(asked, runner, options)
  return asked
}

/** What a program says, if it is an answer: it may be anything, as programs are. */
function answerIn(result: unknown): Exclude<GateResult, string> | undefined {
  const { answer, afterMs, reason } = isRecord(result) ? result : { answer: result }
  const why = typeof reason === 'string' ? { reason: boundedText(reason) } : {}
  if (answer === 'pass' || answer === 'fail') return { answer, ...why }
  return answer === 'wait' && Number.isFinite(afterMs)
    ? { answer, afterMs: Number(afterMs), ...why }
    : undefined
}

function noAnswer(value: unknown): InvalidError {
  const message = 'must be "pass" or "fail", alone or with a reason, or "wait" with afterMs'
  return new InvalidError('gate', [{ field: 'answer', value, message }])
}

/** One try: an answer, a wait, or an error. */
function run(asked: Asked, runner: GateRunner, options: GateRunnersOptions): void {
  const { env, reader, timeoutMs, changed } = options
  const { question } = asked
  const aborting = new AbortController()
  let isOver = false
  const end = (): boolean => {
    if (isOver || env.closed) return false
    isOver = true
    cancelTimer()
    return true
  }
  const later = (afterMs: number, complaint: string | undefined): void => {
    if (complaint === undefined) delete asked.complaint
    else asked.complaint = boundedText(complaint)
    asked.cancel = env.clock.after(Math.max(WAIT_MIN_MS, afterMs), () => run(asked, runner, options))
    changed(question.deployment)
  }
  const answered = (result: unknown): void => {
    if (!end()) return
    const said = answerIn(result)
    if (said === undefined) return failed(noAnswer(result))
    if (said.answer === 'wait') {
      asked.errors = 0
      return later(said.afterMs, undefined)
    }
    delete asked.complaint
    asked.told = { question, ...said }
    changed(question.deployment)
  }
  const failed = (error: unknown): void => {
    asked.errors += 1
    const what = error instanceof Error ? error.message : String(error)
    env.logger.warn({ err: error, gate: question.gate }, 'a gate of a rollout could not be asked')
    if (asked.errors < ERRORS_MAX) return later(backoffMs(RETRY, asked.errors), what)
    asked.told = {
      question,
      answer: 'fail',
      reason: boundedText(`no answer in ${ERRORS_MAX} tries: ${what}`),
    }
    changed(question.deployment)
  }
  const cancelTimer = env.clock.after(timeoutMs, () => {
    if (!end()) return
    aborting.abort()
    failed(new Error(`no answer within ${timeoutMs} ms`))
  })
  asked.cancel = () => {
    if (end()) aborting.abort()
  }
  const { uid: _uid, attempt: _attempt, answered: _answered, ...about } = question
  new Promise<GateResult>(resolve => resolve(runner({ ...about, reader, signal: aborting.signal }))).then(
    answered,
    (error: unknown) => {
      if (end()) failed(error)
    },
  )
}
