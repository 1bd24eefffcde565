import type { Kind, ObjectInput, StoredObject } from '../../../store/index.js'
import type { AsyncGuard } from '../../guard/async-guard.js'
import { watchSteps } from '../../guard/step-watch.js'
import type { ActionKind } from '../actions/action.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import type { Invariant } from '../judge/invariant.js'
import type { Violation } from '../judge/invariants.js'
import { plainState } from '../objects/plain-state.js'
import type { SpecEdit } from '../objects/spec-edits.js'
import type { Observer } from '../setup/observer.js'
import type { Incident } from '../world/incidents.js'
import type { MakeParts } from '../world/simulated-process.js'
import type { Ending } from '../world/user.js'
import { lookFurther } from './checks-after-rest.js'
import { Driver } from './driver.js'

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
  /** Real time. */
  readonly stepTimeoutMs: number
  readonly seed: number
  /** Who looks on. */
  readonly observer?: Observer
  /** Who looks on at what the code under test asks of the host. */
  readonly guard?: AsyncGuard
}

/** What a world has come to. */
export interface Rest {
  readonly ending: Ending
  /** One line for each object and each thing outside. */
  readonly state: readonly string[]
  /** As much of it as is compared. */
  readonly compared: readonly string[]
  /** Names of objects that were not given. */
  readonly madeNames: ReadonlySet<string>
}

/** Judges a rest; `known` when what would follow from it is known to be right. */
export type JudgeRest = (rest: Rest) => Violation | 'known' | undefined

/** One action of an execution. */
export interface TraceStep {
  readonly kind: ActionKind
  /** A process such as `app-1`, `user`, `collector`, `host`. */
  readonly actor: string
  readonly label: string
  /** Virtual milliseconds since the start. */
  readonly timeMs: number
  /** The store's revision afterwards, if the action changed it. */
  readonly revision?: number
  readonly isFault: boolean
}

/** What came of one execution. */
export interface Execution extends Rest {
  readonly seed: number
  /** Indexes of what was chosen, wherever there was a choice. */
  readonly choices: readonly number[]
  /** For each choice, the step of the trace that it led to; -1 for the choice of the ending. */
  readonly chosenSteps: readonly number[]
  readonly trace: readonly TraceStep[]
  readonly violation: Violation | undefined
  /** True when it was stopped on the way, because the rest of it was known. */
  readonly isStopped: boolean
}

/**
 * Runs a world to its rest, as `source` chooses; then, unless `judge` has an opinion on the rest, looks further: see
 * `lookFurther`.
 *
 * @throws what a start of the code under test throws
 */
export async function execute(
  setup: ExecutionSetup,
  source: ChoiceSource,
  judge: JudgeRest = () => undefined,
): Promise<Execution> {
  const watch = watchSteps(setup.stepTimeoutMs)
  const driver = new Driver(setup, source, watch)
  try {
    await driver.untilRest()
    const { isStopped } = driver
    if (!isStopped) driver.judgeRest()
    const rest = restOf(setup, driver)
    const verdict = driver.isOver || isStopped ? 'known' : judge(rest)
    if (verdict !== undefined && verdict !== 'known') driver.judge.report(verdict)
    if (verdict !== 'known' && !driver.isOver) await lookFurther(driver)
    const { choices, chosenSteps, trace } = driver
    const { violation } = driver.judge
    return { seed: setup.seed, choices, chosenSteps, trace, violation, isStopped, ...rest }
  } finally {
    watch.end()
    driver.close()
  }
}

function restOf({ compared }: ExecutionSetup, { world, ending, madeNames }: Driver): Rest {
  const state = plainState(world.objects(), world.outside)
  if (compared === undefined) return { ending, state, compared: state, madeNames }
  const objects = world.objects().flatMap(object => compared(object) ?? [])
  return { ending, state, compared: plainState(objects, world.outside), madeNames }
}
