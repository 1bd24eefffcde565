import type { Env, StepFate, StepInfo } from '../../core/index.js'
import type { AdmissionReplies } from '../admission/admission-replies.js'
import { awaitAdmission, PendingAdmission } from '../admission/admission-replies.js'
import type { Engine } from '../engine/engine.js'
import { keyText } from '../object/object.js'
import type { Fence } from './fence.js'
import { assertFences } from './fence.js'

/** What a write path is made from. */
export interface WritePathOptions {
  readonly env: Env
  /** `direct`: commits inside the call. `deferred`: each commit is one step of `env`. */
  readonly commits: 'direct' | 'deferred'
  readonly fences: readonly Fence[]
}

/** Commits something, with the answers of admission hooks that it has waited for. */
export type Commit<T> = (replies?: AdmissionReplies) => T

/** How the commits of a client come to be. */
export class WritePath {
  readonly #engine: Engine
  readonly #options: WritePathOptions
  /** The keys of the fences, which every step reads. */
  readonly #reads: readonly string[]
  /** Writes that were held back and whose steps are still to come. */
  #held = 0

  constructor(engine: Engine, options: WritePathOptions) {
    this.#engine = engine
    this.#options = options
    this.#reads = options.fences.map(({ kind, ref }) => keyText({ kind: kind.kind, ...ref }))
  }

  /** For whom the writes are, as watchers that hold writes back see it. */
  get owner(): Env | undefined {
    const { commits, env } = this.#options
    return commits === 'direct' ? undefined : env
  }

  /** Whether a commit would be inside the call, now; not before those that were asked for earlier. */
  get isDirect(): boolean {
    return this.#options.commits === 'direct' && this.#held === 0 && !this.#engine.pressure.holds(undefined)
  }

  /**
   * Runs `commit`, now or later, with no other write in between. An error of the call is an error of its promise.
   *
   * @param about asked only when it is a step
   */
  submit<T>(commit: Commit<T>, about: () => Omit<StepInfo, 'kind' | 'reads'>): Promise<T> {
    try {
      if (!this.isDirect) return this.#inStep(commit, this.#stepInfo(about()))
      const engine = this.#engine
      return Promise.resolve(engine.acknowledged(engine.exclusive(commit)))
    } catch (error) {
      return this.retry(error, commit)
    }
  }

  /** A direct commit once more, each time with one more answer, if it has failed for want of one. */
  retry<T>(error: unknown, commit: Commit<T>): Promise<T> {
    const engine = this.#engine
    if (!(error instanceof PendingAdmission)) return engine.refused(error)
    const attempt = (replies: AdmissionReplies): T | Promise<T> =>
      engine.acknowledged(engine.exclusive(() => commit(replies)))
    return awaitAdmission(error, attempt).catch((refusal: unknown) => engine.refused(refusal))
  }

  #inStep<T>(commit: Commit<T>, info: StepInfo, replies?: AdmissionReplies): Promise<T> {
    const engine = this.#engine
    const { env } = this.#options
    return new Promise((resolve, reject) => {
      this.#held++
      const turn = engine.pressure.turn(env, this.owner, () => env.tasks.defer(step, info))
      const step = (fate?: StepFate): void => {
        // Of those that were let go together, one may have filled what there was room for.
        if (fate === undefined && engine.pressure.holds(this.owner)) return engine.pressure.whenFree(turn)
        this.#held--
        if (fate?.kind === 'refused') return reject(fate.error)
        try {
          const result = this.#guarded(commit, replies)
          const told = (): T | Promise<T> => engine.acknowledged(result)
          resolve(fate === undefined ? told() : answered(fate, told))
        } catch (error) {
          const isPending = error instanceof PendingAdmission
          // The first attempt waits here; later ones tell those who wait.
          if (isPending && replies === undefined)
            resolve(awaitAdmission(error, answers => this.#inStep(commit, info, answers)))
          else if (isPending) reject(error)
          else {
            const told = (): Promise<never> => engine.refused(error)
            resolve(fate === undefined ? told() : answered(fate, told))
          }
        }
      }
      engine.pressure.whenFree(turn)
    })
  }

  #guarded<T>(commit: Commit<T>, replies: AdmissionReplies | undefined): T {
    const engine = this.#engine
    engine.begin()
    try {
      assertFences(engine, this.#options.fences)
      return commit(replies)
    } finally {
      engine.end()
    }
  }

  #stepInfo(about: Omit<StepInfo, 'kind' | 'reads'>): StepInfo {
    const { label, writes } = about
    if (writes === undefined) return { kind: 'commit', label }
    const reads = this.#reads.length === 0 ? writes : [...this.#reads, ...writes]
    return { kind: 'commit', label, writes, reads }
  }
}

/** What the caller of a write is told that has happened, or has failed. */
async function answered<T>(
  fate: Exclude<StepFate, { kind: 'refused' }>,
  outcome: () => T | Promise<T>,
): Promise<T> {
  if (fate.kind === 'lost') throw fate.error
  await fate.until
  return outcome()
}
