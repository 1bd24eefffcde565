import type { Conversion } from '../resources/conversion.js'
import {
  createConversion,
  destroyConversion,
  growConversion,
  notContained,
  reserveConversion,
  shrinkConversion,
  unreserveConversion,
} from '../resources/conversion.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { LaunchPlace } from './launch-check.js'
import { amountsOf, launchNeed } from './launch-check.js'
import type { OfferProblem } from './offer.js'
import type {
  FailedLaunch,
  LaunchGangOperation,
  LaunchGroupOperation,
  LaunchOperation,
  LaunchSpec,
  Operation,
  Outcome,
} from './operation.js'

/** What operations are done with, and what they may not clash with. */
export interface AcceptInput extends LaunchPlace {
  readonly offered: ResourceSet
  readonly role: string
  readonly principal?: string | undefined
  /** Ids of the agent's volumes. */
  readonly volumes?: ReadonlySet<string>
  /** Whether a task uses the volume. */
  readonly isVolumeInUse?: (id: string) => boolean
}

/** A task that is to be started. */
export interface Launch {
  readonly spec: LaunchSpec
  readonly take: ResourceSet
}

/** What operations come to. Nothing has happened yet. */
export interface AcceptPlan {
  readonly outcomes: readonly Outcome<Operation>[]
  readonly launches: readonly Launch[]
  readonly conversions: readonly { readonly from: ResourceSet; readonly to: ResourceSet }[]
  /** What is not used but was made into something else: comes back without a filter. */
  readonly converted: ResourceSet
  /** What is not used and is as it was offered: declined by saying nothing. */
  readonly declined: ResourceSet
}

/**
 * Does operations in order on a running remainder, so that what one makes the next can use: reserve, create a volume,
 * launch on it, in one call. What was resized can be used with the next offer only.
 *
 * @param mode `each`: an operation that fails changes nothing, and the others go on; `all`: one that fails undoes all
 */
export function planAccept(
  input: AcceptInput,
  operations: readonly Operation[],
  mode: 'each' | 'all' = 'each',
): AcceptPlan {
  const plan = new AcceptPlanner(input).run(operations)
  if (mode === 'each' || plan.outcomes.every(succeeded)) return plan
  const outcomes = plan.outcomes.map((outcome, index) =>
    succeeded(outcome) ? failedOutcome(operations[index] as Operation, ABORTED) : outcome,
  )
  return { outcomes, launches: [], conversions: [], converted: ResourceSet.empty, declined: input.offered }
}

/** Outcomes of an accept that fails as a whole. */
export function failedOutcome(operation: Operation, problem: OfferProblem): Outcome<Operation> {
  if (operation.op === 'launch') {
    const failed = operation.tasks.map(({ id }) => ({ id, problem }))
    return { op: 'launch', launched: [], failed }
  }
  if (operation.op === 'launchGroup') return { op: 'launchGroup', launched: [], problem }
  if (operation.op === 'launchGang') return { op: 'launchGang', launched: [], problem }
  return { op: operation.op, ok: false, problem }
}

/** Why an operation was undone. */
export const ABORTED: OfferProblem = { code: 'aborted', message: 'another operation of the call failed' }

class AcceptPlanner {
  readonly #input: AcceptInput
  readonly #launches: Launch[] = []
  readonly #conversions: { from: ResourceSet; to: ResourceSet }[] = []
  readonly #volumes: Set<string>
  #remainder: ResourceSet
  #resized = ResourceSet.empty

  constructor(input: AcceptInput) {
    this.#input = input
    this.#remainder = input.offered
    this.#volumes = new Set(input.volumes)
  }

  run(operations: readonly Operation[]): AcceptPlan {
    const outcomes = operations.map(operation => this.#do(operation))
    const left = this.#remainder.plus(this.#resized)
    // What nothing was made of is as it was offered.
    const declined = this.#conversions.length === 0 ? left : left.common(this.#input.offered)
    return {
      outcomes,
      launches: this.#launches,
      conversions: this.#conversions,
      converted: left.minus(declined),
      declined,
    }
  }

  #do(operation: Operation): Outcome<Operation> {
    switch (operation.op) {
      case 'launch':
        return this.#launch(operation)
      case 'launchGroup':
        return this.#launchGroup(operation)
      case 'reserve':
      case 'unreserve':
      case 'create':
      case 'destroy':
        return this.#convert(operation.op, this.#conversionOf(operation), 'remainder')
      case 'grow':
        return this.#convert('grow', growConversion(operation.volume, operation.addition), 'resized')
      case 'shrink':
        return this.#convert('shrink', shrinkConversion(operation.volume, operation.by), 'resized')
      default:
        return failedOutcome(operation, { code: 'invalid', message: 'unknown operation' })
    }
  }

  #launch({ tasks }: LaunchOperation): Outcome<LaunchOperation> {
    const launched: string[] = []
    const failed: FailedLaunch[] = []
    for (const spec of tasks) {
      const taken = takeFor(spec, this.#input, { left: this.#remainder, before: this.#launches })
      if ('code' in taken) failed.push({ id: spec.id, problem: taken })
      else {
        this.#remainder = taken.rest
        this.#launches.push({ spec, take: taken.take })
        launched.push(spec.id)
      }
    }
    return { op: 'launch', launched, failed }
  }

  #launchGroup({ tasks, overhead = {} }: LaunchGroupOperation): Outcome<LaunchGroupOperation> {
    const extra = amountsOf(overhead)
    if (!(extra instanceof ResourceSet))
      return { op: 'launchGroup', launched: [], problem: groupInvalid(extra) }
    const own = extra.isEmpty ? extra : this.#remainder.take(overhead, this.#input.role)
    const group: Launch[] = []
    let rest = own === undefined ? undefined : this.#remainder.tryMinus(own)
    let problem: OfferProblem | undefined = rest === undefined ? notContained(extra) : undefined
    for (const spec of tasks) {
      if (rest === undefined || problem !== undefined) break
      const taken = takeFor(spec, this.#input, { left: rest, before: [...this.#launches, ...group] })
      if ('code' in taken) problem = taken
      else {
        const { take } = taken
        rest = taken.rest
        group.push({ spec, take: group.length === 0 && own !== undefined ? take.plus(own) : take })
      }
    }
    if (problem !== undefined || rest === undefined || group.length === 0)
      return { op: 'launchGroup', launched: [], problem: groupInvalid(problem) }
    this.#remainder = rest
    this.#launches.push(...group)
    return { op: 'launchGroup', launched: group.map(({ spec }) => spec.id) }
  }

  #conversionOf(
    operation: Extract<Operation, { op: 'reserve' | 'unreserve' | 'create' | 'destroy' }>,
  ): Conversion {
    const by = { role: this.#input.role, principal: this.#input.principal }
    switch (operation.op) {
      case 'reserve':
        return reserveConversion(operation.resources, by)
      case 'unreserve':
        return unreserveConversion(operation.resources, by)
      case 'create':
        return createConversion(operation.volumes, this.#volumes, by)
      default:
        return destroyConversion(operation.volumes, by)
    }
  }

  #convert(
    op: Conversions['op'],
    conversion: Conversion,
    into: 'remainder' | 'resized',
  ): Outcome<Conversions> {
    const outcome = (problem?: OfferProblem): Outcome<Conversions> =>
      problem === undefined ? { op, ok: true } : { op, ok: false, problem }
    if (conversion.kind === 'refused') return outcome(conversion.reason)
    const { from, to } = conversion
    const rest = this.#remainder.tryMinus(from)
    if (rest === undefined) return outcome(notContained(from))
    const used = op === 'destroy' ? this.#usedVolume(from) : undefined
    if (used !== undefined)
      return outcome({ code: 'volumeInUse', message: 'a task uses the volume', params: { volume: used } })
    this.#remainder = into === 'remainder' ? rest.plus(to) : rest
    if (into === 'resized') this.#resized = this.#resized.plus(to)
    for (const id of volumeIds(from)) this.#volumes.delete(id)
    for (const id of volumeIds(to)) this.#volumes.add(id)
    this.#conversions.push({ from, to })
    return outcome()
  }

  #usedVolume(from: ResourceSet): string | undefined {
    const launched = new Set(this.#launches.flatMap(({ take }) => volumeIds(take)))
    return volumeIds(from).find(id => launched.has(id) || this.#input.isVolumeInUse?.(id) === true)
  }
}

type Conversions = Exclude<Operation, LaunchOperation | LaunchGroupOperation | LaunchGangOperation>

/** What the task gets of what is left and what is left then, or why it gets nothing. */
export function takeFor(
  spec: LaunchSpec,
  input: AcceptInput,
  { left, before }: { readonly left: ResourceSet; readonly before: readonly Launch[] },
): { readonly take: ResourceSet; readonly rest: ResourceSet } | OfferProblem {
  const wanted = launchNeed(spec, input, before)
  if (!(wanted instanceof ResourceSet)) return wanted
  const take = spec.take ?? left.take(spec.need, input.role)
  const rest = take === undefined ? undefined : left.tryMinus(take)
  return take === undefined || rest === undefined ? notContained(wanted) : { take, rest }
}

/** Why a group is not launched: the first problem of one of its tasks. */
export function groupInvalid(problem: OfferProblem | undefined): OfferProblem {
  const params = { cause: problem?.code ?? 'nothing', ...problem?.params }
  return { code: 'groupInvalid', message: problem?.message ?? 'no tasks', params }
}

/** Ids of the volumes in a set. */
export function volumeIds(set: ResourceSet): readonly string[] {
  const ids: string[] = []
  for (const { kind } of set.chunks) if (kind.disk?.volume !== undefined) ids.push(kind.disk.volume.id)
  return ids
}

function succeeded(outcome: Outcome<Operation>): boolean {
  if (outcome.op === 'launch') return outcome.failed.length === 0
  return outcome.problem === undefined
}
