import { contentHash } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import { hostVariable } from '../host/host-process.js'
import { describeFaults } from './actions/fault-settings.js'
import type { ChoiceSource } from './choices/choice-source.js'
import { randomChoices } from './choices/random-choices.js'
import { replayChoices } from './choices/replay-choices.js'
import { nameViolation } from './judge/name-violation.js'
import type { Violation } from './judge/violation.js'
import { CheckFailedError } from './report/check-failed-error.js'
import { observe } from './report/observe.js'
import { optionsHash } from './report/options-hash.js'
import { regressionTest } from './report/regression-test.js'
import { differs, isAsRecorded, parseReplay } from './report/replay-text.js'
import { writeReport } from './report/report-file.js'
import type { Counts } from './report/tally.js'
import { assertAtWork, Tally } from './report/tally.js'
import { execute } from './run/execute.js'
import { rerunGuarded } from './run/guarded-rerun.js'
import type { Expectation } from './search/expected-state.js'
import { expectState } from './search/expected-state.js'
import { RememberingJudge, restText } from './search/remembering-judge.js'
import type { SearchOptions } from './search/search-options.js'
import { SEARCH_NAMES, searcherFor, timeOf } from './search/search-options.js'
import type { Job, Searcher } from './search/searcher.js'
import { shrink } from './search/shrink.js'
import { TimeBudget } from './search/time-budget.js'
import type { Execution } from './setup/execution.js'
import type { ExecutionSetup } from './setup/execution-setup.js'
import type { SimulateOptions } from './setup/simulate-options.js'
import { SIMULATE_NAMES, setupOf } from './setup/simulate-options.js'
import type { CheckWorkers } from './threads/check-workers.js'
import { assertWorkers } from './threads/check-workers.js'
import type { Digest } from './threads/digest.js'
import { digestOf } from './threads/digest.js'
import { serve, takePort } from './threads/thread.js'
import { WorkerPool } from './threads/worker-pool.js'
import type { MakeParts } from './world/simulated-process.js'

/** What is looked at, and how. */
export interface CheckOptions extends SimulateOptions, SearchOptions {
  /**
   * Runs this execution, and fails if it does. If other things happen in it than when it was recorded, because the code
   * or the options have changed, all others follow. Default: `KEELSON_REPLAY` of the environment, if a check with these
   * kinds, objects and options printed it; that one must be as recorded.
   */
  readonly replay?: string
  /**
   * Threads that share the executions of the modes `random` and `sieve`. What is found, and what is reported, is the
   * same as without them. A function cannot be sent to a thread, so each thread imports a module and calls a function of
   * it that makes the same check. Default: none.
   */
  readonly workers?: CheckWorkers
}

/** What a check that found nothing has looked at. */
export interface CheckReport extends Counts {
  /** True when everything that can happen within the bounds was looked at; an exhaustive search may get there. */
  readonly complete: boolean
  /** How many different states of the world were seen, where the mode tells them apart. */
  readonly states?: number
  /** Real time. */
  readonly elapsedMs: number
  /** What was looked at, in words. */
  readonly bounds: string
}

const REPEATED = 3
/** Under guard there is more to tell. */
const SEEN_CLOSELY: ReadonlySet<string> = new Set(['noStrayWork', 'noFloatingPromises'])
const SHRINK_RUNS_MAX = 600
/** Not more than so many times as long is what is tried to make a finding simpler. */
const LONGER = 4
const PROGRESS_MS = 1_000

const CHECK_OPTIONS = /* @__PURE__ */ knownOptions<CheckOptions>('check', {
  ...SIMULATE_NAMES,
  ...SEARCH_NAMES,
  replay: true,
  workers: true,
})

/**
 * Looks for an execution in which a reconciler misbehaves. It runs it on a real store under virtual time, many
 * times, each with another order of commits, deliveries, reconciles and timers, and with crashes, lost races, and a
 * user who changes their mind. No invariant needs to be written: see `InvariantName` for what must hold.
 *
 * Deterministic: the same code and options find the same.
 *
 * @param make makes what is under test, at each start of its simulated process
 * @throws CheckFailedError with the simplest execution found, as a timeline and a replay string; UsageError when two
 * runs of one execution differ; InvalidError, UsageError for invalid options
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createController } from 'keelson/reconcile'
 * import { defineKind } from 'keelson/store'
 * import { check } from 'keelson/testing'
 *
 * const Counter = defineKind<{ step: number }, { total: number }>({
 *   apiVersion: 'example/v1', kind: 'Counter', plural: 'counters', namespaced: false,
 * })
 * const counting = () => createController({
 *   name: 'counting',
 *   for: Counter,
 *   reconcile: async (key, counter, { client }) => {
 *     if (counter === undefined) return
 *     await client.modifyStatus(Counter, key, draft => {
 *       draft.status = { total: (counter.status?.total ?? 0) + counter.spec.step }
 *     })
 *   },
 * })
 * const objects = [{ kind: 'Counter', metadata: { name: 'a' }, spec: { step: 1 } }]
 * await assert.rejects(check(counting, { kinds: [Counter], objects }), { invariant: 'noHotLoop' })
 * ```
 */
export async function check(make: MakeParts, options: CheckOptions): Promise<CheckReport> {
  assertKnown(options, CHECK_OPTIONS)
  const { seed = 1 } = options
  const setup = setupOf(make, options, seed)
  const searcher = searcherFor(setup, options)
  const time = new TimeBudget(timeOf(options))
  assertWorkers(options.workers, options.mode ?? 'random')
  const expectation = await expectState(setup)
  const judge = new RememberingJudge(expectation)
  const site: Site = { setup, expectation, judge, searcher, options, time, tally: new Tally() }
  const port = takePort()
  if (port !== undefined) return serve(port, hashOf(site), job => lookFor(site, job))
  for (const execution of expectation.executions) await look(site, execution)
  if (setup.incidents.length === 0) assertAtWork(expectation.executions, setup.objects.length)
  const replayed = await replay(setup, expectation, options)
  if (replayed !== undefined) await look(site, replayed.execution, 'replayed')
  if (replayed?.isAsRecorded === false && options.replay === undefined) throw differs(environmentReplay())
  // What the environment asks for is run alone; a test that has a replay is there to find what else there is, too.
  const isSearch = replayed === undefined || options.replay !== undefined
  if (isSearch) await search(site)
  const { isComplete: complete, states } = searcher.coverage
  return {
    ...site.tally.counts,
    complete: isSearch && complete,
    ...(states === undefined ? {} : { states }),
    elapsedMs: time.elapsedMs,
    bounds: isSearch ? boundsOf(site, 'over') : 'one recorded execution',
  }
}

interface Site {
  readonly setup: ExecutionSetup
  readonly expectation: Expectation
  readonly judge: RememberingJudge
  readonly searcher: Searcher
  readonly options: CheckOptions
  readonly time: TimeBudget
  readonly tally: Tally
}

async function search(site: Site): Promise<void> {
  const { workers } = site.options
  if (workers === undefined) return searchWith(site)
  // What this thread looks at before it is its turn, it looks at as another thread would.
  const ahead = { ...site, judge: new RememberingJudge(site.expectation) }
  const pool = new WorkerPool(workers, hashOf(site), job => lookFor(ahead, job))
  try {
    await searchWith(site, pool)
    await pool.confirm()
  } finally {
    await pool.end()
  }
}

async function searchWith(site: Site, pool?: WorkerPool): Promise<void> {
  const { setup, judge, searcher, options, time, tally } = site
  const ahead = (most: number): readonly Job[] => searcher.ahead?.(most) ?? []
  let toldMs = 0
  while (!time.isSearchOver) {
    const digest = await pool?.next(ahead)
    const planned = searcher.next()
    if (planned === undefined) return
    if (digest !== undefined) {
      const isNew = digest.rest !== undefined && judge.remember(digest.rest)
      tally.add(isNew ? digest.counts : digest.countsToRest)
    } else {
      const execution = await execute({ ...setup, seed: planned.seed }, planned.source, judge.judge)
      searcher.learn(execution)
      await look(site, execution)
    }
    const { elapsedMs } = time
    if (options.progress === undefined || elapsedMs - toldMs < PROGRESS_MS) continue
    toldMs = elapsedMs
    options.progress({ executions: tally.counts.executions, elapsedMs })
  }
}

/** @throws CheckFailedError for an execution in which something does not hold */
async function look(site: Site, execution: Execution, how: 'found' | 'replayed' = 'found'): Promise<void> {
  const { setup, tally } = site
  tally.note(execution)
  const { executions } = tally.counts
  const isRepeated = executions <= REPEATED || execution.violation !== undefined
  const shows = executions % 2 === 1 ? 'early' : 'late'
  const seen = isRepeated ? await rerunGuarded(setup, execution, shows) : undefined
  const violation = seen ?? execution.violation
  if (violation !== undefined) await fail(site, { execution, violation, how })
}

interface Replayed {
  readonly execution: Execution
  /** False when other things happened than when it was recorded. */
  readonly isAsRecorded: boolean
}

/** The environment speaks to all checks of a process, so it counts only for those that could have printed it. */
async function replay(
  setup: ExecutionSetup,
  { judge }: Expectation,
  options: CheckOptions,
): Promise<Replayed | undefined> {
  const text = options.replay ?? environmentReplay()
  if (text === undefined) return undefined
  const recorded = parseReplay(text)
  const isOfThis = recorded.check === optionsHash(options)
  if (!isOfThis && options.replay === undefined) return undefined
  const { seed, choices } = recorded
  const execution = await execute({ ...setup, seed }, replayChoices(choices), judge)
  return { execution, isAsRecorded: isOfThis && isAsRecorded(recorded, execution) }
}

function environmentReplay(): string | undefined {
  return hostVariable('KEELSON_REPLAY')
}

function boundsOf({ setup, searcher, time, tally }: Site, end: 'found' | 'over'): string {
  const { stepsMax, faults } = setup
  const { executions } = tally.counts
  const seconds = (time.elapsedMs / 1_000).toFixed(1)
  const looked =
    end === 'found'
      ? `found in execution ${executions} of: `
      : time.isSearchOver
        ? `the time was up after ${executions} executions, in ${seconds} s, of: `
        : ''
  return `${looked}${searcher.coverage.text}, at most ${stepsMax} steps each; faults in one execution, at most: ${describeFaults(faults)}`
}

/** In a thread of another check: what came of an execution, or undefined if that check has to see for itself. */
async function lookFor({ setup, judge }: Site, { seed, choices }: Job): Promise<Digest | undefined> {
  const source = choices === undefined ? randomChoices(seed, setup.faults) : replayChoices(choices)
  const known = judge.count
  const execution = await execute({ ...setup, seed }, source, judge.judge)
  return digestOf(execution, judge.count > known ? restText(execution) : undefined)
}

/** The same for two checks whose undisturbed executions are the same. */
function hashOf({ options, setup, expectation }: Site): string {
  const ways = expectation.executions.map(({ trace, state }) => [trace.map(({ label }) => label), state])
  return contentHash([optionsHash(options), setup.seed, ways])
}

interface Failing {
  readonly execution: Execution
  readonly violation: Violation
  readonly how: 'found' | 'replayed'
}

/** @throws CheckFailedError always */
async function fail(site: Site, { execution: failing, violation, how }: Failing): Promise<never> {
  const { setup, expectation, options, time } = site
  const own = { ...setup, seed: failing.seed }
  // What becomes much longer is not simpler, unless it is the length that is wrong.
  const isLength = violation.invariant === 'noHotLoop'
  const stepsMax = isLength ? setup.stepsMax : Math.min(setup.stepsMax, LONGER * failing.trace.length)
  const rerun = (source: ChoiceSource): Promise<Execution> =>
    execute({ ...own, stepsMax }, source, expectation.judge)
  // What only the guard sees is in no execution without it, so there is nothing to go by.
  const isOwn = failing.violation?.invariant === violation.invariant
  const { execution, runs } =
    isOwn && how === 'found'
      ? await shrink(failing, rerun, { runsMax: SHRINK_RUNS_MAX, isOver: () => time.isOver })
      : { execution: failing, runs: 0 }
  const { simulation } = await observe(own, replayChoices(execution.choices), {
    check: optionsHash(options),
    judge: expectation.judge,
  })
  const seen =
    isOwn && SEEN_CLOSELY.has(violation.invariant) ? await rerunGuarded(setup, execution) : undefined
  const shown = seen ?? (isOwn ? (simulation.violation ?? violation) : violation)
  const named = nameViolation(shown, simulation.trace)
  const { make } = setup
  const { replay } = simulation
  const failure = new CheckFailedError({
    violation: named,
    simulation: { ...simulation, violation: named },
    regressionTest: regressionTest({ make, options, replay, invariant: named.invariant }),
    bounds: boundsOf(site, 'found'),
    shrunk: { fromSteps: failing.trace.length, runs },
  })
  writeReport(failure)
  throw failure
}
