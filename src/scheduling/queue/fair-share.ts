import type { FieldProblem, ResourceVector } from '../../core/index.js'
import { addResources } from '../../core/index.js'
import { assertKnown, assertValid, compareText, knownOptions } from '../../core/internal.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { QueuedUnit } from './queued-request.js'

/** Serves queues by their dominant shares (DRF): the one that has the smallest part of what it uses most is next. */
export interface FairShareOptions {
  /** All that there is, in base units. */
  readonly capacity: ResourceVector
  /** What queues use already, by queue. Default: nothing. */
  readonly used?: Readonly<Record<string, ResourceVector>>
  /** A queue with weight 2 may have twice the share of one with weight 1. Above 0. Default 1. */
  readonly weights?: Readonly<Record<string, number>>
}

const FAIR_SHARE_OPTIONS = /* @__PURE__ */ knownOptions<FairShareOptions>('fairShare of schedulePass', {
  capacity: true,
  used: true,
  weights: true,
})

/**
 * Units by turns of their queues. Shares count what is placed during the pass, so a queue that is served moves back; ties
 * go to the lower name. What names no queue is a queue of its own, with the empty name.
 */
export class FairTurns {
  readonly #capacity: ReadonlyMap<string, number>
  readonly #weights: ReadonlyMap<string, number>
  readonly #used = new Map<string, ResourceVector>()
  readonly #queues = new Map<string, QueuedUnit[]>()
  readonly #queueOf: (request: PlacementRequest) => string | undefined

  /** @throws InvalidError when a weight is not a finite number above 0 */
  constructor(
    units: readonly QueuedUnit[],
    options: FairShareOptions,
    queueOf: (request: PlacementRequest) => string | undefined,
  ) {
    assertKnown(options, FAIR_SHARE_OPTIONS)
    const { capacity, used = {}, weights = {} } = options
    checkWeights('fairShare', weights)
    this.#capacity = new Map(Object.entries(capacity))
    this.#weights = new Map(Object.entries(weights))
    this.#queueOf = queueOf
    for (const [queue, amounts] of Object.entries(used)) this.#used.set(queue, amounts)
    for (const unit of units) {
      const name = this.#nameOf(unit)
      const queue = this.#queues.get(name)
      if (queue === undefined) this.#queues.set(name, [unit])
      else queue.push(unit)
    }
    for (const queue of this.#queues.values()) queue.reverse()
  }

  next(): QueuedUnit | undefined {
    let turn: string | undefined
    let least = Number.POSITIVE_INFINITY
    for (const name of this.#queues.keys()) {
      const share = this.#shareOf(name)
      if (share > least || (share === least && turn !== undefined && compareText(turn, name) < 0)) continue
      turn = name
      least = share
    }
    if (turn === undefined) return undefined
    const queue = this.#queues.get(turn) ?? []
    const unit = queue.pop()
    if (queue.length === 0) this.#queues.delete(turn)
    return unit
  }

  /** Counts in what was placed. */
  placed(request: PlacementRequest): void {
    const queue = this.#queueOf(request) ?? ''
    this.#used.set(queue, addResources(this.#used.get(queue) ?? {}, request.requests ?? {}))
  }

  #nameOf({ members: [first] }: QueuedUnit): string {
    return (first === undefined ? undefined : this.#queueOf(first.request)) ?? ''
  }

  #shareOf(queue: string): number {
    const capacityOf = (resource: string): number => this.#capacity.get(resource) ?? 0
    return dominantShare(this.#used.get(queue) ?? {}, capacityOf, this.#weights.get(queue) ?? 1)
  }
}

/** The largest part of any resource that is used, divided by the weight. */
export function dominantShare(
  used: ResourceVector,
  capacityOf: (resource: string) => number,
  weight: number,
): number {
  let share = 0
  for (const [resource, amount] of Object.entries(used)) {
    const capacity = capacityOf(resource)
    if (amount > 0 && capacity > 0) share = Math.max(share, amount / capacity / weight)
  }
  return share
}

/** @throws InvalidError when a weight is not a finite number above 0 */
export function checkWeights(object: string, weights: Readonly<Record<string, number>>): void {
  assertValid(object, Object.entries(weights).flatMap(weightProblems))
}

function weightProblems([queue, value]: readonly [string, number]): readonly FieldProblem[] {
  if (Number.isFinite(value) && value > 0) return []
  return [{ field: `weights.${queue}`, value, message: 'must be a finite number above 0' }]
}
