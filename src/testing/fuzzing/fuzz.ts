import { createSeededRandom } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { ObjectInput } from '../../store/index.js'
import type { CheckOptions, CheckReport } from '../simulation/check.js'
import { check } from '../simulation/check.js'
import { CheckFailedError } from '../simulation/report/check-failed-error.js'
import type { Looked } from '../simulation/search/search-options.js'
import { timeOf } from '../simulation/search/search-options.js'
import { TimeBudget } from '../simulation/search/time-budget.js'
import type { MakeParts } from '../simulation/world/simulated-process.js'
import { FuzzFailedError } from './fuzz-failed-error.js'
import { schemaEdits } from './schema-edits.js'
import type { SpecChange } from './spec-walk.js'
import { SpecWalker } from './spec-walk.js'

/** How much is tried. */
export interface FuzzOptions extends Omit<CheckOptions, 'replay' | 'edits' | 'timeMs' | 'workers'> {
  /** How many sets of specs are tried. The first is `objects` as given. Default 30. */
  readonly rounds?: number
  /** Executions of each round. Default 20. */
  readonly executions?: number
  /** Most changes that lead from the given specs to those of a round. Default 8. */
  readonly changesMax?: number
  /**
   * Real time for all rounds together, in milliseconds; Infinity for no limit. An eighth of it is kept for making a
   * finding simpler. Default 4,000, which shows a finding before the time-out of a test runner; no limit when `rounds`,
   * `executions` or `executionsMax` is given, so that as many are looked at on every machine.
   */
  readonly timeMs?: number
}

/** What a fuzzing that found nothing has looked at. */
export interface FuzzReport {
  /** Those that were begun, the first included; fewer than asked for when the time was up. */
  readonly rounds: number
  readonly executions: number
  readonly steps: number
  /** Real time. */
  readonly elapsedMs: number
}

/** Changes of mind are what this is about. */
const EDIT_FAULT = { times: 2, rate: 0.25 }

const FUZZ_OPTIONS = /* @__PURE__ */ knownOptions<FuzzOptions>('fuzz', {
  kinds: true,
  objects: true,
  faults: true,
  incidents: true,
  instances: true,
  compared: true,
  collects: true,
  invariants: true,
  except: true,
  createStore: true,
  stepsMax: true,
  writesInRowMax: true,
  pollsPerSecondMax: true,
  stepTimeoutMs: true,
  mode: true,
  executions: true,
  progress: true,
  depth: true,
  executionsMax: true,
  deviationsMax: true,
  seed: true,
  rounds: true,
  changesMax: true,
  timeMs: true,
})

/**
 * Checks a reconciler with generated specs. They are drawn from the JSON Schemas of the kinds: each
 * round goes a few changes away from the given objects (another count, an optional field more or less, another
 * alternative), and in the executions of that round the user changes specs, and changes them back, in the same ways.
 * Each set must come to one rest from every history, as in `check`. An object without a spec gets one from its schema;
 * kinds without a JSON Schema stay as given. What the store refuses is not tried. Deterministic, but for the time.
 *
 * The oracles are those of Acto (Gu et al., SOSP 2023): a state reached by a change must be that of a fresh start, and
 * a change taken back must leave no trace.
 *
 * @throws FuzzFailedError with the fewest changes that still fail; UsageError when no kind of the objects has a schema;
 * as `check` besides
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createController } from 'keelson/reconcile'
 * import { defineKind } from 'keelson/store'
 * import { fuzz, FuzzFailedError } from 'keelson/testing'
 *
 * const Disk = defineKind<{ sizeGb: number; encrypted?: boolean }>({
 *   apiVersion: 'example/v1', kind: 'Disk', plural: 'disks', namespaced: false,
 *   schema: {
 *     type: 'object',
 *     properties: { spec: {
 *       type: 'object', required: ['sizeGb'], additionalProperties: false,
 *       properties: { sizeGb: { type: 'integer', minimum: 1 }, encrypted: { type: 'boolean' } },
 *     } },
 *   },
 * })
 * // Nobody has thought of those who say that they do not want it.
 * const disks = () => createController({
 *   name: 'disks',
 *   for: Disk,
 *   reconcile: (_key, disk) => {
 *     if (disk?.spec.encrypted === false) throw new Error('no such cipher: false')
 *   },
 * })
 * const objects = [{ kind: 'Disk', metadata: { name: 'a' }, spec: { sizeGb: 1 } }]
 * await assert.rejects(fuzz(disks, { kinds: [Disk], objects }), FuzzFailedError)
 * ```
 */
export async function fuzz(make: MakeParts, options: FuzzOptions): Promise<FuzzReport> {
  assertKnown(options, FUZZ_OPTIONS)
  const { rounds = 30, executions = 20, changesMax = 8, ...others } = options
  const faults = { edit: EDIT_FAULT, ...options.faults }
  assertValid(
    'fuzzing',
    Object.entries({ rounds, executions, changesMax }).flatMap(([field, value]) =>
      wholeNumber(field, value, { min: 1 }),
    ),
  )
  const time = new TimeBudget(timeOf(options))
  const total = { rounds: 0, executions: 0, steps: 0 }
  const random = createSeededRandom(options.seed ?? 1).fork('fuzz')
  const walker = new SpecWalker(options.kinds, options.objects, random)
  const start = await walker.complete(options.objects)
  const { progress } = options
  const look = async (objects: readonly ObjectInput[]): Promise<CheckReport | CheckFailedError> => {
    const before = total.executions
    const told = ({ executions: more }: Looked): void =>
      progress?.({ executions: before + more, elapsedMs: time.elapsedMs })
    try {
      return await check(make, {
        ...others,
        objects,
        faults,
        executions,
        edits: schemaEdits,
        timeMs: time.leftMs,
        ...(progress === undefined ? {} : { progress: told }),
      })
    } catch (error) {
      if (error instanceof CheckFailedError) return error
      throw error
    }
  }
  while (total.rounds < rounds && (total.rounds === 0 || !time.isSearchOver)) {
    const length = total.rounds === 0 ? 0 : 1 + Math.floor(random.next() * changesMax)
    const walk = await walker.walk(start, length)
    const outcome = await look(walk.at(-1)?.objects ?? start)
    if (outcome instanceof CheckFailedError) throw await fewestChanges({ start, walk, look, time }, outcome)
    total.rounds++
    total.executions += outcome.executions
    total.steps += outcome.steps
  }
  return { ...total, elapsedMs: time.elapsedMs }
}

interface Failing {
  readonly start: readonly ObjectInput[]
  readonly walk: readonly SpecChange[]
  readonly look: (objects: readonly ObjectInput[]) => Promise<CheckReport | CheckFailedError>
  readonly time: TimeBudget
}

/** The first part of the walk after which the same does not hold; the whole of it when the time is up before. */
async function fewestChanges(
  { start, walk, look, time }: Failing,
  found: CheckFailedError,
): Promise<FuzzFailedError> {
  for (let length = 0; length < walk.length && !time.isOver; length++) {
    const objects = walk[length - 1]?.objects ?? start
    const outcome = await look(objects)
    if (outcome instanceof CheckFailedError && outcome.invariant === found.invariant)
      return new FuzzFailedError(outcome, objects, labelsOf(walk.slice(0, length)))
  }
  return new FuzzFailedError(found, walk.at(-1)?.objects ?? start, labelsOf(walk))
}

function labelsOf(walk: readonly SpecChange[]): readonly string[] {
  return walk.map(({ label }) => label)
}
