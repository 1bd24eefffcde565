import type { Env, MemoryMetrics } from '../../core/index.js'
import { createMemoryMetrics, createSeededRandom, InvalidError, UsageError } from '../../core/index.js'
import { assertKnown, createEnvTree, knownOptions } from '../../core/internal.js'
import { hostTurn } from '../host/event-loop.js'
import type { CapturedLog } from './captured-logs.js'
import { captureLogs } from './captured-logs.js'
import type { PendingWork } from './pending-work.js'
import { createSequentialIds } from './sequential-ids.js'
import type { StepCounter } from './step-counter.js'
import { createStepCounter } from './step-counter.js'
import type { VirtualClock } from './virtual-clock.js'
import { createVirtualClock } from './virtual-clock.js'
import { VirtualTimeoutError } from './virtual-errors.js'
import type { VirtualTasks } from './virtual-tasks.js'
import { createVirtualTasks } from './virtual-tasks.js'

/** How a virtual environment starts. */
export interface VirtualEnvOptions {
  /** Seed of `env.random`. Default 1. */
  readonly seed?: number | string
  /** Epoch milliseconds at the start. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number
  /** Name for traces. Default `test`. */
  readonly process?: string
  /** Most steps and timers at one instant of virtual time, then `LivelockError`. Default 100,000. */
  readonly stepsMax?: number
}

/** How long `runUntil` goes on. */
export interface RunUntilOptions {
  /** Most virtual time to pass, in milliseconds. Default 86,400,000 (one day). */
  readonly timeoutMs?: number
}

/**
 * An `Env` in which nothing happens by itself: time stands still and steps wait until a test moves them.
 * Forks share its time, and die with it.
 */
export interface VirtualEnv extends Env {
  readonly metrics: MemoryMetrics
  /** What the env and its forks logged, oldest first; the last 10,000 lines. */
  readonly logs: readonly CapturedLog[]
  /**
   * Moves time forward by `ms`. Timers fire in the order of their due times, and after each one all deferred
   * steps and promise jobs that it caused are done before the next.
   *
   * @throws InvalidError unless `ms` is finite and ≥ 0
   * @throws LivelockError when one instant does not come to rest
   * @throws what a timer's callback throws; later timers stay armed
   */
  advance(ms: number): Promise<void>
  /**
   * Runs deferred steps, oldest first, and all promise jobs until none is left, without moving time. Timers
   * that are due now do not fire; `advance(0)` does that.
   *
   * @throws LivelockError when it does not come to rest
   */
  settle(): Promise<void>
  /**
   * Settles, then jumps from timer to timer until `predicate` holds. It is asked whenever the world is at rest.
   *
   * @throws VirtualTimeoutError when the predicate does not hold within `timeoutMs`, or nothing is left to run
   */
  runUntil(predicate: () => boolean, options?: RunUntilOptions): Promise<void>
  /**
   * Starts `work` and moves the world, as `runUntil` does, until its promise settles.
   *
   * @throws what the work throws, or as `runUntil`
   */
  run<T>(work: () => Promise<T>, options?: RunUntilOptions): Promise<T>
  /** What is waiting: steps first, then timers as they will fire. */
  pending(): readonly PendingWork[]
}

/** The parts that a test moves. */
interface World {
  readonly clock: VirtualClock
  readonly tasks: VirtualTasks
  readonly counter: StepCounter
}

const VIRTUAL_ENV_OPTIONS = /* @__PURE__ */ knownOptions<VirtualEnvOptions>('createVirtualEnv', {
  seed: true,
  startMs: true,
  process: true,
  stepsMax: true,
})

/**
 * Makes a virtual environment. Deterministic: the same program, run with the same seed, takes the same steps.
 * Ids are `hint-1`, `hint-2`…; each fork gets its own random stream, named by its process and how many forks of that
 * name came before.
 *
 * Bounds: a promise loop that never yields (`for (;;) await null`) cannot be seen from inside and hangs the host; in an
 * execution of `check` or `simulate` it ends the process, with its line.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createVirtualEnv } from 'keelson/testing'
 *
 * const env = createVirtualEnv()
 * let done = false
 * void env.clock.sleep(3_600_000).then(() => { done = true })
 * await env.advance(3_599_999)
 * assert.equal(done, false)
 * await env.advance(1)
 * assert.equal(done, true)
 * ```
 */
export function createVirtualEnv(options: VirtualEnvOptions = {}): VirtualEnv {
  assertKnown(options, VIRTUAL_ENV_OPTIONS)
  const { seed = 1, startMs = Date.UTC(2026, 0, 1), process = 'test', stepsMax = 100_000 } = options
  const world: World = {
    clock: createVirtualClock(startMs),
    tasks: createVirtualTasks(),
    counter: createStepCounter(stepsMax),
  }
  const random = createSeededRandom(seed)
  const metrics = createMemoryMetrics()
  const logs = captureLogs(() => world.clock.nowMs())
  const ids = createSequentialIds()
  const streams = createSequentialIds()
  const env = createEnvTree(process, (name, lifetime) => ({
    clock: world.clock.portFor(name),
    tasks: world.tasks.portFor(name, lifetime),
    random: random.fork(streams.next(name)),
    logger: logs.logger.child({ process: name }),
    ids,
    metrics,
  }))
  // Not spread, which would freeze its getter at the present value.
  return Object.assign(env, controls(world), { metrics, logs: logs.lines })
}

function controls(world: World): Pick<VirtualEnv, 'advance' | 'settle' | 'runUntil' | 'run' | 'pending'> {
  let moving = false
  const exclusively = async <T>(move: () => Promise<T>): Promise<T> => {
    if (moving) throw new UsageError('the environment is being moved already; await the earlier call first')
    moving = true
    world.counter.reset()
    try {
      return await move()
    } finally {
      moving = false
    }
  }
  const runUntil: VirtualEnv['runUntil'] = (predicate, { timeoutMs = 86_400_000 } = {}) =>
    exclusively(() => moveUntil(world, predicate, timeoutMs))
  return {
    advance: ms => exclusively(() => advance(world, ms)),
    settle: () => exclusively(() => settle(world)),
    runUntil,
    run: async (work, limits) => {
      let settled = false
      const result = work().finally(() => {
        settled = true
      })
      // Its failure is the caller's to see, through the return below.
      result.catch(() => {})
      await runUntil(() => settled, limits)
      return result
    },
    pending: () => pendingIn(world),
  }
}

async function settle({ tasks, counter }: World): Promise<void> {
  await hostTurn()
  for (let ran = tasks.runNext(); ran !== undefined; ran = tasks.runNext()) {
    counter.count(`${ran.kind} ${ran.label}`)
    await hostTurn()
  }
}

async function fireDue(world: World): Promise<void> {
  while (world.clock.fireNext()) {
    world.counter.count('timer')
    await settle(world)
  }
}

async function advance(world: World, ms: number): Promise<void> {
  assertDuration('ms', ms)
  const { clock, counter } = world
  const target = clock.elapsedMs + ms
  await settle(world)
  await fireDue(world)
  while (clock.elapsedMs < target) {
    clock.moveTo(target)
    counter.reset()
    await fireDue(world)
  }
}

async function moveUntil(world: World, predicate: () => boolean, timeoutMs: number): Promise<void> {
  assertDuration('timeoutMs', timeoutMs)
  const { clock, counter } = world
  const deadline = clock.elapsedMs + timeoutMs
  await settle(world)
  while (!predicate()) {
    const next = clock.nextAtMs()
    if (next === undefined) throw timeout(world, 'the condition does not hold and nothing is left to run')
    if (next > deadline) {
      clock.moveTo(deadline)
      throw timeout(world, `the condition does not hold after ${timeoutMs} ms of virtual time`)
    }
    if (next > clock.elapsedMs) counter.reset()
    clock.moveTo(next)
    clock.fireNext()
    counter.count('timer')
    await settle(world)
  }
}

function timeout(world: World, what: string): VirtualTimeoutError {
  return new VirtualTimeoutError(what, pendingIn(world), world.clock.nowMs())
}

function pendingIn({ clock, tasks }: World): readonly PendingWork[] {
  return [...tasks.pending(), ...clock.pending()]
}

function assertDuration(field: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return
  throw new InvalidError('virtual time', [
    { field, value: ms, message: 'must be a finite number of milliseconds ≥ 0' },
  ])
}
