import type { FieldProblem } from '../../../core/index.js'
import { InvalidError, UsageError } from '../../../core/index.js'
import type { OptionNames } from '../../../core/internal.js'
import { assertValid, wholeNumber } from '../../../core/internal.js'
import type { Kind, ObjectInput, StoredObject } from '../../../store/index.js'
import type { MakeStore } from '../../make-store.js'
import type { FaultOptions, FaultPlan } from '../actions/fault-settings.js'
import { planFaults } from '../actions/fault-settings.js'
import type { Invariant } from '../judge/invariant.js'
import type { InvariantName } from '../judge/invariant-name.js'
import type { SpecEdit } from '../objects/spec-edits.js'
import { specEdits } from '../objects/spec-edits.js'
import { textEdits } from '../objects/text-edits.js'
import type { Incident } from '../world/incidents.js'
import type { MakeParts } from '../world/simulated-process.js'
import { assertNames, faultsWithout } from './excepted-invariants.js'
import type { ExecutionSetup } from './execution-setup.js'
import type { SearchMode } from './search-mode.js'

/** What a simulated world holds, and what may go wrong in it. */
export interface SimulateOptions {
  /** The kinds of the store. */
  readonly kinds: readonly Kind[]
  /**
   * What the user wants, each with `kind` and `metadata.name`. They are created one after the other; the user may
   * change their specs or delete them, and comes back to these in the end, or deletes them all.
   */
  readonly objects: readonly ObjectInput[]
  /**
   * How often each may happen in one execution. Default: see `FaultKind`; in an exhaustive search 1 crash and 1 edit.
   */
  readonly faults?: FaultOptions
  /**
   * What the user may change an object to, and back. Default: numbers one up and one down, flags turned, lists without
   * their last item or reversed; texts, labels and annotations to a value that another of the objects has there, or to
   * the next number in them; a finalizer of the user's more. In an exhaustive search numbers, flags and lists alone.
   */
  readonly edits?: (object: ObjectInput, kind: Kind) => readonly SpecEdit[]
  /** What else may happen to such objects. Default nothing. */
  readonly incidents?: readonly Incident[]
  /** How many processes run the code under test side by side. Default: 2 when it elects a leader, else 1. */
  readonly instances?: number
  /**
   * What of an object must be the same after every history, if not everything: for example its status without a
   * count of failures. Undefined: the object does not count at all.
   */
  readonly compared?: (object: StoredObject) => StoredObject | undefined
  /** Whether a garbage collector deletes objects whose owners are gone. Default true; false where one is under test. */
  readonly collects?: boolean
  /** What must hold besides the generic invariants: made by `always`, `eventually` and the like. Default none. */
  readonly invariants?: readonly Invariant[]
  /**
   * Generic invariants that the code under test does not promise. Without `crashConvergent` nothing crashes, without
   * `historyInsensitive` the user changes and deletes nothing that is kept; `noHotLoop` is always on. Default none.
   */
  readonly except?: readonly Exclude<InvariantName, 'noHotLoop'>[]
  /**
   * Makes the store of each execution, empty, with the `kinds` and the `env` that it is given: one with quotas or admission, or
   * one that is kept elsewhere. All that it does later is steps and timers of that env; the disk and the network of the host are
   * not, and a store that waits for them is refused. Not in an exhaustive search, which must know all of a state. Default:
   * `createStore`, in memory.
   */
  readonly createStore?: MakeStore
  /** Most steps until the world is at rest; more break `noHotLoop`. Default 2,000. */
  readonly stepsMax?: number
  /**
   * Most writes in a row of the code under test, without anything from outside and a pause of a second, before they
   * break `noHotLoop`; 20 more for each object there is. Default 100.
   */
  readonly writesInRowMax?: number
  /**
   * Most timers within a second that fire and change nothing, for each of the `objects`, before they break `noHotLoop`.
   * Default 40.
   */
  readonly pollsPerSecondMax?: number
  /**
   * How long one step may compute, in CPU time of its thread, or sleep in a call that does not return; in milliseconds.
   * A machine that has more to do than it can makes nobody late. What loops without end, promises or not, cannot be
   * stopped from inside: the process ends, after it was said on the standard error where the step was. Default 10,000.
   * Not kept where the host has no threads or no inspector, and while somebody debugs the process; where the host does
   * not tell the time of one thread (Linux does), that of the process counts, and may be three times as long.
   */
  readonly stepTimeoutMs?: number
}

export const SIMULATE_NAMES: OptionNames<SimulateOptions> = {
  kinds: true,
  objects: true,
  faults: true,
  edits: true,
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
}

/** @throws UsageError, InvalidError */
export function setupOf(
  make: MakeParts,
  options: SimulateOptions & { readonly mode?: SearchMode },
  seed: number,
): ExecutionSetup {
  const {
    mode,
    kinds,
    objects,
    faults = {},
    incidents = [],
    compared,
    collects = true,
    invariants = [],
    except = [],
    createStore,
    instances,
    stepsMax = 2_000,
    writesInRowMax = 100,
    pollsPerSecondMax = 40,
    edits = editsOf(objects, mode === 'exhaustive' ? 'numbers' : 'everything'),
    stepTimeoutMs = 10_000,
  } = options
  if (typeof make !== 'function')
    throw new UsageError('the first argument makes what is under test: () => createController({ … })')
  assertValid('simulation', [
    ...listProblems('kinds', kinds),
    ...listProblems('objects', objects),
    ...wholeNumber('instances', instances ?? 1),
    ...wholeNumber('stepsMax', stepsMax),
    ...wholeNumber('writesInRowMax', writesInRowMax),
    ...wholeNumber('pollsPerSecondMax', pollsPerSecondMax),
    ...wholeNumber('stepTimeoutMs', stepTimeoutMs, { min: 1 }),
    ...wholeNumber('seed', seed),
  ])
  assertNames(invariants)
  const plan = planFaults(faultsWithout(except, faults), mode === 'exhaustive')
  if (mode === 'exhaustive' && plan.stale.times > 0) {
    const message = 'must be 0 in an exhaustive search, which cannot tell such states apart'
    throw new InvalidError('faults', [{ field: 'faults.stale', value: plan.stale.times, message }])
  }
  assertStore(createStore, mode)
  return {
    make,
    kinds,
    objects,
    edits,
    incidents,
    faults: plan,
    // A deletion at any time is the fault `remove`; whoever looks at everything chooses whether to have it.
    deletions: mode === 'exhaustive' && !isAnyTime(plan.remove) ? 'at rest' : 'at any time',
    compared,
    collects,
    invariants,
    except: new Set(except),
    instances,
    stepsMax,
    limits: { writesInRowMax, pollsPerSecondMax },
    stepTimeoutMs,
    createStore,
    seed,
  }
}

/** @throws UsageError, InvalidError */
function assertStore(createStore: unknown, mode: SearchMode | undefined): void {
  if (createStore === undefined) return
  if (typeof createStore !== 'function')
    throw new UsageError('createStore makes a store: options => createStore({ ...options, quotas })')
  if (mode !== 'exhaustive') return
  const message = 'must be left out in an exhaustive search, which cannot see what such a store knows'
  throw new InvalidError('createStore', [{ field: 'createStore', value: 'a function', message }])
}

function isAnyTime({ times, isPlannedOnly }: FaultPlan['remove']): boolean {
  return times > 0 && !isPlannedOnly
}

/** An exhaustive search, which tries each in every state, has to do with few. */
function editsOf(
  objects: readonly ObjectInput[],
  what: 'numbers' | 'everything',
): NonNullable<SimulateOptions['edits']> {
  if (what === 'numbers') return ({ spec }) => specEdits(spec)
  return object => [...specEdits(object.spec), ...textEdits(object, objects)]
}

function listProblems(field: string, value: unknown): readonly FieldProblem[] {
  return Array.isArray(value) ? [] : [{ field, value, message: 'must be a list' }]
}
