import type { Cancel, Clock, Env } from '../../core/index.js'
import { isKeelsonError, KeelsonError } from '../../core/index.js'
import type { StopOptions, StopReport } from '../stop-report.js'
import { assertGracePeriod } from '../stop-report.js'
import type { Manager } from './manager-contract.js'

/** The signals that ask a process to end, and what a shell calls a process that one of them ended: 128 + number. */
const STOP_SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const
type StopSignal = keyof typeof STOP_SIGNALS

/** A stop that takes longer says what it waits for. */
const QUIET_STOP_MS = 1_000

/**
 * The process, found on `globalThis` at the moment of use: this code runs where neither Node's types nor a process are
 * present. A browser has none; then nothing but a call of `stop` ends the run.
 */
interface HostProcess {
  on(signal: string, listener: () => void): unknown
  off(signal: string, listener: () => void): unknown
  exit(code: number): void
}

/** `Manager.run`, for any manager. */
export async function runUntilStopped(
  manager: Manager,
  env: Env,
  options: StopOptions = {},
): Promise<StopReport> {
  if (options.gracePeriodMs !== undefined) assertGracePeriod(options.gracePeriodMs)
  const releases = [holdProcess(env.clock), onStopSignals(first(manager, env, options), again(manager, env))]
  try {
    await started(manager)
    return judged(await manager.finished())
  } finally {
    for (const cancel of releases) cancel()
  }
}

/** Resolves also when a stop overtook the start. */
async function started(manager: Manager): Promise<void> {
  try {
    await manager.start()
  } catch (error) {
    const wasStopped = isKeelsonError(error, 'Closed') && error.details.what === 'the manager'
    if (!wasStopped) throw error
  }
}

/** @throws what the first part that failed threw, or `Timeout` about those that were left behind */
function judged(report: StopReport): StopReport {
  const failed = report.find(entry => entry.outcome === 'failed')
  if (failed !== undefined) throw failed.error ?? new Error(`${failed.name} failed`)
  const left = report.filter(({ outcome }) => outcome === 'abandoned').map(({ name }) => name)
  if (left.length === 0) return report
  const message = `not stopped within the grace period: ${left.join(', ')}`
  throw new KeelsonError({ code: 'Timeout', message, details: { parts: left } })
}

function first(manager: Manager, env: Env, options: StopOptions): (signal: StopSignal) => void {
  return signal => {
    env.logger.info({ signal }, 'the manager stops')
    void manager.stop(options)
    env.clock.after(QUIET_STOP_MS, () => {
      if (manager.status().state !== 'stopping') return
      env.logger.warn(
        { signal, busy: busyParts(manager) },
        'still stopping; a second signal ends the process',
      )
    })
  }
}

function again(manager: Manager, env: Env): (signal: StopSignal) => void {
  return signal => {
    env.logger.error(
      { signal, busy: busyParts(manager) },
      'a second signal came before everything had stopped; the process ends now',
    )
    hostProcess()?.exit(STOP_SIGNALS[signal])
  }
}

function busyParts(manager: Manager): readonly string[] {
  return manager
    .status()
    .controllers.filter(({ inFlight }) => inFlight > 0)
    .map(({ name }) => name)
}

/** The first signal of any of the two calls `first`, each later one `again`. */
function onStopSignals(first: (signal: StopSignal) => void, again: (signal: StopSignal) => void): Cancel {
  const host = hostProcess()
  if (host === undefined) return () => {}
  let heard = false
  const listeners = (Object.keys(STOP_SIGNALS) as StopSignal[]).map(signal => {
    const listener = (): void => {
      if (heard) return again(signal)
      heard = true
      first(signal)
    }
    host.on(signal, listener)
    return () => void host.off(signal, listener)
  })
  return () => {
    for (const cancel of listeners) cancel()
  }
}

/** A promise alone does not keep a process alive, a timer does. */
function holdProcess(clock: Clock): Cancel {
  return clock.after(Number.MAX_SAFE_INTEGER, () => {})
}

function hostProcess(): HostProcess | undefined {
  const { process } = globalThis as { readonly process?: Partial<HostProcess> }
  return typeof process?.on === 'function' && typeof process.exit === 'function'
    ? (process as HostProcess)
    : undefined
}
