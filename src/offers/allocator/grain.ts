import type { Chunk } from '../resources/chunk.js'
import { amountOf } from '../resources/chunk.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { Grain } from './allocator-options.js'
import type { Vector } from './columns.js'
import { containsVector, isZero } from './columns.js'
import type { Holding } from './holding.js'
import { countVector } from './holding.js'
import { openDemand } from './subscription.js'

/** The part of an agent that a client without demand gets at a time when grants are made in fair slices. */
const SLICES = 8

/** What is to be cut. */
export interface CutRequest {
  readonly ledger: Ledger
  readonly client: Client
  readonly agent: AgentRecord
  /** All that the client may have. */
  readonly most: Holding
  /** What it got of the agent in this pass already. */
  readonly draft: { readonly holding: Holding } | undefined
}

/** The part of a proposal that one grant may have; undefined when the client had its part. */
export function cutToGrain(grain: Exclude<Grain, 'agent'>, request: CutRequest): Holding | undefined {
  const { client, draft } = request
  if (grain !== 'fair') return draft === undefined ? slice(request, grain.share) : undefined
  return client.demand === undefined ? slice(request, 1 / SLICES) : oneTask(request)
}

/** At most so large a part of the agent. What is reserved, and whole devices, come with the first slice. */
function slice({ ledger, agent, most, draft }: CutRequest, part: number): Holding | undefined {
  const total = countVector(agent.total, ledger.columns)
  const bounds = most.plain.map((_amount, column) => Math.max(1, Math.floor((total[column] ?? 0) * part)))
  const plain = most.plain.map((amount, column) => Math.min(amount, bounds[column] as number))
  const special = partsOf(most.special, draft === undefined, ({ kind }) =>
    Math.max(1, Math.floor(((total[ledger.columns.indexOf(kind.name)] ?? 0) * part) / 1000)),
  )
  return isZero(plain) && special.isEmpty ? undefined : { plain, special }
}

/** One task of the first line of the demand that is open and fits. */
function oneTask({ ledger, client, most, draft }: CutRequest): Holding | undefined {
  const open = openDemand(client)
  const counts = countVector(most, ledger.columns)
  const line = (client.demand ?? []).find(
    ({ shape }, index) => (open[index] as number) > 0 && containsVector(counts, shape),
  )
  if (line === undefined) return undefined
  const { shape } = line
  const plain = most.plain.map((amount, column) => Math.min(amount, shape[column] ?? 0))
  const special = partsOf(most.special, draft === undefined, ({ kind }) =>
    Math.floor((shape[ledger.columns.indexOf(kind.name)] ?? 0) / 1000),
  )
  const part = { plain, special }
  return containsVector(countVector(part, ledger.columns), shape) ? part : wholeOf(most, shape, ledger)
}

/** Where reservations and scalars must be combined for a task, everything is given. */
function wholeOf(most: Holding, shape: Vector, ledger: Ledger): Holding | undefined {
  return containsVector(countVector(most, ledger.columns), shape) ? most : undefined
}

/** Items of unreserved ranges and sets up to a number; everything else whole, if it is given at all. */
function partsOf(special: ResourceSet, whole: boolean, items: (chunk: Chunk) => number): ResourceSet {
  if (special.isEmpty) return special
  const kept: ResourceSet[] = []
  for (const chunk of special.chunks) {
    const one = ResourceSet.ofChunks([chunk])
    if (typeof chunk.value === 'number' || chunk.kind.reservations !== undefined) {
      if (whole) kept.push(one)
      continue
    }
    const { name } = chunk.kind
    const part = one.take({ [name]: Math.min(items(chunk), amountOf(chunk.value) / 1000) })
    if (part !== undefined) kept.push(part)
  }
  return kept.reduce((sum, part) => sum.plus(part), ResourceSet.empty)
}
