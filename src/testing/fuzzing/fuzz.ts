import { createSeededRandom, systemEnv } from '../../core/index.js'
import { assertValid, wholeNumber } from '../../core/internal.js'
import type { ObjectInput } from '../../store/index.js'
import type { CheckOptions, CheckReport } from '../simulation/check.js'
import { check } from '../simulation/check.js'
import { CheckFailedError } from '../simulation/report/check-failed-error.js'
import type { MakeParts } from '../simulation/world/simulated-process.js'
import { FuzzFailedError } from './fuzz-failed-error.js'
import { schemaEdits } from './schema-edits.js'
import type { SpecChange } from './spec-walk.js'
import { SpecWalker } from './spec-walk.js'

/** How much is tried. */
export interface FuzzOptions extends Omit<CheckOptions, 'replay' | 'edits'> {
  /** How many sets of specs are tried. The first is `objects` as given. Default 30. */
  readonly rounds?: number
  /** Executions of each round. Default 20. */
  readonly executions?: number
  /** Most changes that lead from the given specs to those of a round. Default 8. */
  readonly changesMax?: number
}

/** What a fuzzing that found nothing has looked at. */
export interface FuzzReport {
  readonly rounds: number
  readonly executions: number
  readonly steps: number
  /** Real time. */
  readonly elapsedMs: number
}

/** Changes of mind are what this is about. */
const EDIT_FAULT = { times: 2, rate: 0.25 }

/**
 * Checks a reconciler with generated specs. They are drawn from the JSON Schemas of the kinds: each
 * round goes a few changes away from the given objects (another count, an optional field more or less, another
 * alternative), and in the executions of that round the user changes specs, and changes them back, in the same ways.
 * Each set must come to one rest from every history, as in `check`. An object without a spec gets one from its schema;
 * kinds without a JSON Schema stay as given. What the store refuses is not tried. Deterministic.
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
  const { rounds = 30, executions = 20, changesMax = 8, ...others } = options
  const faults = { edit: EDIT_FAULT, ...options.faults }
  assertValid(
    'fuzzing',
    Object.entries({ rounds, executions, changesMax }).flatMap(([field, value]) =>
      wholeNumber(field, value, { min: 1 }),
    ),
  )
  const startedMs = systemEnv.clock.monotonic()
  const random = createSeededRandom(options.seed ?? 1).fork('fuzz')
  const walker = new SpecWalker(options.kinds, options.objects, random)
  const start = await walker.complete(options.objects)
  const look = async (objects: readonly ObjectInput[]): Promise<CheckReport | CheckFailedError> => {
    try {
      return await check(make, { ...others, objects, faults, executions, edits: schemaEdits })
    } catch (error) {
      if (error instanceof CheckFailedError) return error
      throw error
    }
  }
  const total = { executions: 0, steps: 0 }
  for (let round = 0; round < rounds; round++) {
    const length = round === 0 ? 0 : 1 + Math.floor(random.next() * changesMax)
    const walk = await walker.walk(start, length)
    const outcome = await look(walk.at(-1)?.objects ?? start)
    if (outcome instanceof CheckFailedError) throw await fewestChanges({ start, walk, look }, outcome)
    total.executions += outcome.executions
    total.steps += outcome.steps
  }
  return { rounds, ...total, elapsedMs: systemEnv.clock.monotonic() - startedMs }
}

interface Failing {
  readonly start: readonly ObjectInput[]
  readonly walk: readonly SpecChange[]
  readonly look: (objects: readonly ObjectInput[]) => Promise<CheckReport | CheckFailedError>
}

/** The first part of the walk after which the same does not hold. */
async function fewestChanges(
  { start, walk, look }: Failing,
  found: CheckFailedError,
): Promise<FuzzFailedError> {
  for (let length = 0; length < walk.length; length++) {
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
