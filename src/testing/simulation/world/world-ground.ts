import type { Env, Random } from '../../../core/index.js'
import { createSeededRandom, systemEnv, UsageError } from '../../../core/index.js'
import { createEnvTree } from '../../../core/internal.js'
import { hostTurn } from '../../host/event-loop.js'
import type { CapturedLog, LogCapture } from '../../virtual/captured-logs.js'
import { captureLogs } from '../../virtual/captured-logs.js'
import { createSequentialIds } from '../../virtual/sequential-ids.js'
import type { VirtualClock } from '../../virtual/virtual-clock.js'
import { createVirtualClock } from '../../virtual/virtual-clock.js'
import type { StepPool } from './step-pool.js'
import { createStepPool } from './step-pool.js'

const START_MS = Date.UTC(2026, 0, 1)
const LOG_LINES_MAX = 50
/** What the name of a candidate's env begins with. */
const ELECTOR = 'elector '
/** The process that the store is. */
export const STORE_PROCESS = 'store'
/** So many steps and timers may go by until a store answers. */
const ANSWER_TURNS_MAX = 10_000

/** Time, chance and the steps of a world in which there is nothing yet. */
export class WorldGround {
  readonly clock: VirtualClock = createVirtualClock(START_MS)
  readonly pool: StepPool = createStepPool()
  readonly logs: LogCapture
  /** Told of each line that is logged. */
  heard: (line: CapturedLog) => void = () => {}
  readonly #random: Random

  constructor(seed: number) {
    this.#random = createSeededRandom(seed)
    this.logs = captureLogs(
      () => this.clock.nowMs(),
      LOG_LINES_MAX,
      line => this.heard(line),
    )
  }

  envOf(process: string): Env {
    const ids = process === STORE_PROCESS ? uids() : createSequentialIds()
    const streams = createSequentialIds()
    const clock = this.clock.portFor(process)
    return createEnvTree(process, (name, lifetime) => ({
      clock: name.startsWith(ELECTOR) ? this.clock.portFor(process, true) : clock,
      tasks: this.pool.portFor(process, lifetime),
      random: this.#random.fork(`${process} ${streams.next(name)}`),
      logger: this.logs.logger,
      ids,
      // They are never read here, and would be most of the work of a start.
      metrics: systemEnv.metrics,
    }))
  }

  /**
   * What comes of a promise that waits for a store when nothing else is there yet: its steps are taken in their order, and where
   * there is none, time passes.
   *
   * @throws UsageError when the store waits for something else than these
   */
  async answerOf<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (let turn = 0; turn < ANSWER_TURNS_MAX; turn++) {
      await hostTurn()
      if (isSettled) return promise
      if (!this.#moveStore()) break
    }
    throw noAnswer()
  }

  #moveStore(): boolean {
    const [step] = this.pool.waiting()
    if (step !== undefined) {
      void step.action.run()
      return true
    }
    this.clock.moveTo(this.clock.nextAtMs() ?? 0)
    return this.clock.fireNext()
  }
}

/** Whatever was asked of the store of a world, nothing that could happen in that world would answer it. */
export function noAnswer(): UsageError {
  return new UsageError(
    'the store that createStore has made does not answer: in a simulation it may wait for nothing but steps and timers of the ' +
      'env that it was given, and not for the disk or the network of the host',
  )
}

/** Easy to tell from everything else, so that they can be left out of comparisons. */
function uids(): { next(): string } {
  let last = 0
  return { next: () => `uid-${String(++last).padStart(6, '0')}` }
}
