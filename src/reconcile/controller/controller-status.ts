import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { ControllerKeyState, ControllerStatus, KeyAge } from './controller-contract.js'
import type { ControllerRun } from './controller-run.js'

/** What a controller says of itself; `run` is absent while it does not run. */
export function statusOf(name: string, run: ControllerRun | undefined): ControllerStatus {
  const { queue } = run ?? {}
  const pause = run?.pauses.current
  const longestWait = run && longestWaitIn(run)
  const longestRun = run && longestRunIn(run)
  return {
    name,
    queued: queue?.length ?? 0,
    inFlight: queue?.inFlight ?? 0,
    delayed: queue?.delayed ?? 0,
    failures: queue?.failing ?? 0,
    quarantined: run?.quarantine.keys() ?? [],
    hotLoops: run?.hotLoops.list() ?? [],
    lagMs: run?.lag.ms() ?? 0,
    ...(longestWait === undefined ? {} : { longestWait }),
    ...(longestRun === undefined ? {} : { longestRun }),
    ...(pause === undefined ? {} : { pause }),
  }
}

/** What is known about a key. */
export function inspectIn(
  { queue, dependencies }: ControllerRun,
  key: ObjectRef,
): ControllerKeyState | undefined {
  const state = queue.inspect(key)
  const dependsOn = dependencies.of(key)
  if (dependsOn.length === 0) return state
  return { ...(state ?? { ...RESTING, key }), dependsOn }
}

const RESTING = { state: 'resting', priority: 0, failures: 0, reasons: [] } as const

/**
 * Why a controller does not work at the moment.
 *
 * @param unhealthyAfterMs how long a key may wait or run, and news be late
 */
export function troubleOf(run: ControllerRun | undefined, unhealthyAfterMs: number): string | undefined {
  if (run === undefined) return undefined
  const failure = run.sources?.cache.failure
  if (failure !== undefined) return `hears of no changes any more: ${failure.message}`
  const pause = run.pauses.current
  if (pause !== undefined && pause.leftMs > 0)
    return `begins nothing for ${Math.ceil(pause.leftMs)} ms: ${pause.error.message}`
  const lagMs = run.lag.ms()
  if (lagMs > unhealthyAfterMs) return `has not been told for ${Math.floor(lagMs)} ms what the store has`
  const running = longestRunIn(run)
  if (running !== undefined && running.forMs > unhealthyAfterMs) return aged('runs for', running)
  const waiting = longestWaitIn(run)
  if (waiting !== undefined && waiting.forMs > unhealthyAfterMs) return aged('waits for', waiting)
  return undefined
}

function aged(what: string, { key, forMs }: KeyAge): string {
  return `${refText(key)} ${what} ${Math.floor(forMs)} ms`
}

/** On standby nothing waits for a worker: there is none. */
function longestWaitIn({ acting, queue }: ControllerRun): KeyAge | undefined {
  return acting === undefined ? undefined : ageOf(queue.oldest(), state => state.wantedForMs)
}

function longestRunIn({ attempts, queue }: ControllerRun): KeyAge | undefined {
  const key = attempts.head?.keyRecord.key
  return key === undefined ? undefined : ageOf(queue.inspect(key), state => state.takenForMs)
}

function ageOf<State extends { readonly key: ObjectRef }>(
  state: State | undefined,
  ms: (state: State) => number | undefined,
): KeyAge | undefined {
  return state === undefined ? undefined : { key: state.key, forMs: ms(state) ?? 0 }
}
