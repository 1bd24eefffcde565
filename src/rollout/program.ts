import { InvalidError } from '../core/index.js'
import type {
  FailureAction,
  FailurePolicy,
  IntOrPercent,
  OptionNames,
  RolloutStep,
} from '../core/internal.js'
import {
  assertKnown,
  assertValid,
  failurePolicyProblems,
  knownOptions,
  parseIntOrPercent,
  stepsProblems,
  WAYPOINTS_MAX,
  wholeNumber,
} from '../core/internal.js'
import type { BudgetSpec } from './budget.js'
import { checkBudget } from './budget.js'
/** A step of a program, with a budget of its own where it needs one. */
export interface Waypoint extends RolloutStep {
  /** Replaces the program's budget on the way to this waypoint. */
  readonly budget?: BudgetSpec
}

/** A strategy as data: waypoints in order, a budget for the way, and what failing means. */
export interface Program {
  /** At least one; the last one must reach 100%. */
  readonly waypoints: readonly Waypoint[]
  readonly budget: BudgetSpec
  /** Start nothing of the new template before every other instance is gone. Default false. */
  readonly barrier?: boolean
  /** Whether a lower count waits for the end of a rollout, unless it is 0 or the rollout is paused. Default `allow`. */
  readonly scaleDownDuringRollout?: 'allow' | 'defer'
  /** The rollout fails after this long without progress; clocks stop while paused. Default: never. */
  readonly progressWithinMs?: number
  /** The rollout fails when it has not arrived this long after it began; clocks stop while paused. Default: never. */
  readonly finishWithinMs?: number
  /** It fails when an instance of the new template is not ready for this long. Default: never. */
  readonly readyWithinMs?: number
  readonly onFailure: FailurePolicy
  /** What is otherwise on the way back: of a revert, an undo, and a rollout that was called off. Default: nothing. */
  readonly rollback?: {
    readonly budget?: BudgetSpec
    /** How long what it goes back to must hold at the end, instead of gates other than hooks. Default: those gates. */
    readonly soakMs?: number
    readonly onFailure?: FailurePolicy
  }
}

/** Options of the ready-made programs. */
export interface ProgramOptions extends BudgetSpec {
  /** Default 600,000 (ten minutes). `Infinity` means never. */
  readonly progressWithinMs?: number
  /** Default: never. */
  readonly finishWithinMs?: number
  /** Default: never. */
  readonly readyWithinMs?: number
  /** One action for every cause, or a policy. Default: deadlines pause, all else reverts. */
  readonly onFailure?: FailureAction | FailurePolicy
  /** Failed instances that are tolerated. Default: failures are not counted. */
  readonly maxFailures?: number
}

type RecreateOptions = Omit<ProgramOptions, keyof BudgetSpec>
type RollingOptions = ProgramOptions & { readonly steps?: readonly (IntOrPercent | Waypoint)[] }

const FAILING: OptionNames<RecreateOptions> = {
  progressWithinMs: true,
  finishWithinMs: true,
  readyWithinMs: true,
  onFailure: true,
  maxFailures: true,
}
const RECREATE_OPTIONS = /* @__PURE__ */ knownOptions<RecreateOptions>('recreate', FAILING)
const ROLLING_OPTIONS = /* @__PURE__ */ knownOptions<RollingOptions>('rolling', {
  ...FAILING,
  steps: true,
  maxSurge: true,
  maxUnavailable: true,
  giveWay: true,
  surgeRounding: true,
  countStopping: true,
})

/** Replaces instances step by step inside a budget. `steps` are waypoints on the way to 100%, with or without gates. */
export function rolling(options: RollingOptions = {}): Program {
  assertKnown(options, ROLLING_OPTIONS)
  const {
    steps = [],
    progressWithinMs,
    finishWithinMs,
    readyWithinMs,
    onFailure,
    maxFailures,
    ...budget
  } = options
  const waypoints = [
    ...steps.map(step => (typeof step === 'object' ? step : { next: step })),
    { next: '100%' },
  ]
  const failure = failing({ progressWithinMs, finishWithinMs, readyWithinMs, onFailure, maxFailures })
  return checkProgram({ waypoints, budget, ...failure })
}

/** Stops every instance of other templates, waits until they are gone, then starts the new one. */
export function recreate(options: RecreateOptions = {}): Program {
  assertKnown(options, RECREATE_OPTIONS)
  return checkProgram({
    waypoints: [{ next: '100%' }],
    budget: { maxSurge: 0, maxUnavailable: '100%' },
    barrier: true,
    ...failing(options),
  })
}

/**
 * Checks a program.
 *
 * @returns the program itself
 * @throws InvalidError when there is no waypoint, the last is not 100%, one is above it, or a number cannot be read
 * @internal
 */
export function checkProgram(program: Program): Program {
  const last = program.waypoints.at(-1)
  const share = last && parseIntOrPercent(last.next, 'waypoints.next')
  if (share?.kind !== 'share' || share.millionths !== 1_000_000) {
    throw new InvalidError('program', [
      { field: 'waypoints', value: last?.next, message: 'must end with { next: "100%" }' },
    ])
  }
  checkBudget(program.budget)
  assertValid('program', [
    ...wholeNumber('waypoints.length', program.waypoints.length, { max: WAYPOINTS_MAX }),
    ...stepsProblems(program.waypoints, 'waypoints'),
  ])
  for (const { budget } of program.waypoints) if (budget) checkBudget(budget)
  for (const field of ['progressWithinMs', 'finishWithinMs', 'readyWithinMs'] as const) {
    const within = program[field]
    if (within !== undefined && !(within > 0))
      throw new InvalidError('program', [{ field, value: within, message: 'must be above 0' }])
  }
  assertValid('program', failurePolicyProblems(program.onFailure, 'onFailure'))
  checkRollback(program)
  return program
}

function checkRollback({ rollback = {}, barrier }: Program): void {
  const { budget, soakMs = 0, onFailure = {} } = rollback
  const message = 'has no meaning with a barrier; leave it out'
  assertValid('program', [
    ...(budget !== undefined && barrier === true
      ? [{ field: 'rollback.budget', value: budget, message }]
      : []),
    ...wholeNumber('rollback.soakMs', soakMs),
    ...failurePolicyProblems(onFailure, 'rollback.onFailure'),
  ])
  if (budget !== undefined) checkBudget(budget)
}

type Failing = {
  readonly [Field in keyof Omit<ProgramOptions, keyof BudgetSpec>]: ProgramOptions[Field] | undefined
}

function failing({
  progressWithinMs = 600_000,
  finishWithinMs = Infinity,
  readyWithinMs = Infinity,
  onFailure = {},
  maxFailures,
}: Failing): Omit<Program, 'waypoints' | 'budget' | 'barrier'> {
  const policy = typeof onFailure === 'string' ? { action: onFailure } : onFailure
  return {
    ...(progressWithinMs === Infinity ? {} : { progressWithinMs }),
    ...(finishWithinMs === Infinity ? {} : { finishWithinMs }),
    ...(readyWithinMs === Infinity ? {} : { readyWithinMs }),
    onFailure: maxFailures === undefined ? policy : { ...policy, maxFailures },
  }
}
