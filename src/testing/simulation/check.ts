import { systemEnv } from '../../core/index.js'
import { hostVariable } from '../host/host-process.js'
import { describeFaults } from './actions/fault-settings.js'
import type { ChoiceSource } from './choices/choice-source.js'
import { replayChoices } from './choices/replay-choices.js'
import { nameViolation } from './judge/name-violation.js'
import type { Violation } from './judge/violation.js'
import { CheckFailedError } from './report/check-failed-error.js'
import { observe } from './report/observe.js'
import { optionsHash } from './report/options-hash.js'
import { regressionTest } from './report/regression-test.js'
import { differs, isAsRecorded, parseReplay } from './report/replay-text.js'
import { writeReport } from './report/report-file.js'
import { execute } from './run/execute.js'
import { rerunGuarded } from './run/guarded-rerun.js'
import type { Expectation } from './search/expected-state.js'
import { expectState } from './search/expected-state.js'
import type { SearchOptions } from './search/search-options.js'
import { searcherFor } from './search/search-options.js'
import type { Searcher } from './search/searcher.js'
import { shrink } from './search/shrink.js'
import type { Execution, JudgeRest } from './setup/execution.js'
import type { ExecutionSetup } from './setup/execution-setup.js'
import type { SimulateOptions } from './setup/simulate-options.js'
import { setupOf } from './setup/simulate-options.js'
import type { MakeParts } from './world/simulated-process.js'

/** What is looked at, and how. */
export interface CheckOptions extends SimulateOptions, SearchOptions {
  /**
   * Runs this execution, and fails if it does. If other things happen in it than when it was recorded, because the code
   * or the options have changed, all others follow. Default: `KEELSON_REPLAY` of the environment, if a check with these
   * kinds, objects and options printed it; that one must be as recorded.
   */
  readonly replay?: string
}

/** What a check that found nothing has looked at. */
export interface CheckReport {
  readonly executions: number
  /** True when everything that can happen within the bounds was looked at; an exhaustive search may get there. */
  readonly complete: boolean
  /** How many different states of the world were seen, where the mode tells them apart. */
  readonly states?: number
  /** Over all executions. */
  readonly steps: number
  /** Real time. */
  readonly elapsedMs: number
  /** What was looked at, in words. */
  readonly bounds: string
}

const REPEATED = 3
/** Under guard there is more to tell. */
const SEEN_CLOSELY: ReadonlySet<string> = new Set(['noStrayWork', 'noFloatingPromises'])
const SHRINK_RUNS_MAX = 600

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
  const { seed = 1 } = options
  const startedMs = systemEnv.clock.monotonic()
  const setup = setupOf(make, options, seed)
  const searcher = searcherFor(setup, options)
  const expectation = await expectState(setup)
  let looked = 0
  let steps = 0
  const look = async (execution: Execution): Promise<void> => {
    looked++
    steps += execution.trace.length
    const isRepeated = looked <= REPEATED || execution.violation !== undefined
    const seen = isRepeated
      ? await rerunGuarded(setup, execution, looked % 2 === 1 ? 'early' : 'late')
      : undefined
    const violation = seen ?? execution.violation
    if (violation !== undefined) await fail({ setup, expectation, searcher, options }, execution, violation)
  }
  const judge = rememberingJudge(expectation)
  for (const execution of expectation.executions) await look(execution)
  const replayed = await replay(setup, expectation, options)
  if (replayed !== undefined) await look(replayed.execution)
  if (replayed?.isAsRecorded === false && options.replay === undefined) throw differs(environmentReplay())
  const isSearch = replayed?.isAsRecorded !== true
  if (isSearch) {
    for (let planned = searcher.next(); planned !== undefined; planned = searcher.next()) {
      const execution = await execute({ ...setup, seed: planned.seed }, planned.source, judge)
      searcher.learn(execution)
      await look(execution)
    }
  }
  const { isComplete: complete, states } = searcher.coverage
  return {
    executions: looked,
    complete: isSearch && complete,
    ...(states === undefined ? {} : { states }),
    steps,
    elapsedMs: systemEnv.clock.monotonic() - startedMs,
    bounds: isSearch ? boundsOf(setup, searcher) : 'one recorded execution',
  }
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

function boundsOf({ stepsMax, faults }: ExecutionSetup, { coverage }: Searcher): string {
  return `${coverage.text}, at most ${stepsMax} steps each; faults in one execution, at most: ${describeFaults(faults)}`
}

/**
 * What follows from a rest depends on its state, and hardly on what a process remembers, so one that was looked into is
 * not looked into again.
 */
function rememberingJudge({ judge }: Expectation): JudgeRest {
  const known = new Set<string>()
  return rest => {
    const violation = judge(rest)
    if (violation !== undefined) return violation
    const text = `${rest.ending}\n${rest.state.join('\n')}`
    if (known.has(text)) return 'known'
    known.add(text)
    return undefined
  }
}

interface Site {
  readonly setup: ExecutionSetup
  readonly expectation: Expectation
  readonly searcher: Searcher
  readonly options: CheckOptions
}

/** @throws CheckFailedError always */
async function fail(
  { setup, expectation, searcher, options }: Site,
  failing: Execution,
  violation: Violation,
): Promise<never> {
  const own = { ...setup, seed: failing.seed }
  const rerun = (source: ChoiceSource): Promise<Execution> => execute(own, source, expectation.judge)
  // What only the guard sees is in no execution without it, so there is nothing to go by.
  const isOwn = failing.violation?.invariant === violation.invariant
  const { execution, runs } = isOwn
    ? await shrink(failing, rerun, SHRINK_RUNS_MAX)
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
    bounds: boundsOf(setup, searcher),
    shrunk: { fromSteps: failing.trace.length, runs },
  })
  writeReport(failure)
  throw failure
}
