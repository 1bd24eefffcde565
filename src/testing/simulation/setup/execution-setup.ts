import type { Client, Kind, ObjectInput, StoredObject } from '../../../store/index.js'
import type { AsyncGuard } from '../../guard/async-guard.js'
import type { MakeStore } from '../../make-store.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { Invariant } from '../judge/invariant.js'
import type { SpecEdit } from '../objects/spec-edits.js'
import type { Incident } from '../world/incidents.js'
import type { MakeParts } from '../world/simulated-process.js'
import type { World } from '../world/world.js'

/** What counts as a loop: see `SimulateOptions`. */
export interface LoopLimits {
  readonly writesInRowMax: number
  readonly pollsPerSecondMax: number
}

/** What is executed. */
export interface ExecutionSetup {
  readonly make: MakeParts
  readonly kinds: readonly Kind[]
  readonly objects: readonly ObjectInput[]
  readonly edits: (object: ObjectInput, kind: Kind) => readonly SpecEdit[]
  /** See `Wants`. */
  readonly deletions: 'at any time' | 'at rest'
  readonly incidents: readonly Incident[]
  readonly faults: FaultPlan
  readonly collects: boolean
  readonly compared: ((object: StoredObject) => StoredObject | undefined) | undefined
  readonly invariants: readonly Invariant[]
  /** Names of generic invariants that are not judged. */
  readonly except: ReadonlySet<string>
  readonly instances: number | undefined
  readonly stepsMax: number
  readonly limits: LoopLimits
  /** Real time. */
  readonly stepTimeoutMs: number
  readonly seed: number
  /** Undefined: the store in memory. */
  readonly createStore?: MakeStore | undefined
  /** Who looks on. */
  readonly observer?: Observer
  /** Who looks on at what the code under test asks of the host. */
  readonly guard?: AsyncGuard
}

/** Looks on while an execution runs, and changes nothing. */
export interface Observer {
  /** The client that a process is given, in a form that tells what becomes of its writes. */
  listen(client: Client, process: string): Client
  /** Called after each step. */
  noted(step: TraceStep, world: World): void
}
