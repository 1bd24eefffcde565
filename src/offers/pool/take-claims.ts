import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import type { Allocator } from '../allocator/allocator.js'
import { oneOf } from '../allocator/one-of.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { FrameworkEntry } from './framework-record.js'
import { launchNeed } from './launch-check.js'
import type { OfferProblem } from './offer.js'
import type { LaunchSpec } from './operation.js'
import type { PoolCore } from './pool-core.js'

/** Tasks for one agent. */
export interface ClaimItem {
  readonly agent: string
  readonly tasks: readonly LaunchSpec[]
  /** `AgentView.version` that was decided from; needed for `conflict: 'version'`, unused otherwise. */
  readonly seenVersion?: number
}

/** How claims are checked and what one that is refused does to the others. */
export interface ClaimOptions {
  /** Default: the framework's only role. */
  readonly role?: string
  /** `incremental`: what fits is taken; `atomic`: all or nothing. Default `incremental`. */
  readonly mode?: 'incremental' | 'atomic'
  /** `fit`: it must still be free; `version`: nothing of the agent may have changed. Default `fit`. */
  readonly conflict?: 'fit' | 'version'
}

const CLAIM_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<ClaimOptions>('claim', {
  role: true,
  mode: true,
  conflict: true,
})

/**
 * @throws UsageError for an option that is not known
 * @throws InvalidError for a mode or a conflict that is none
 */
export function assertClaimOptions(options: ClaimOptions): void {
  assertKnown(options, CLAIM_OPTIONS)
  assertValid('claim', [
    ...oneOf('mode', options.mode, ['incremental', 'atomic']),
    ...oneOf('conflict', options.conflict, ['fit', 'version']),
  ])
}

/** What became of a claim: each task is in one of the lists. With `atomic`, `committed` has all or none. */
export interface ClaimResult {
  /** Ids of tasks. */
  readonly committed: readonly string[]
  readonly rejected: readonly { readonly task: string; readonly problem: OfferProblem }[]
}

/** A task that may be started. */
export interface ClaimedTask {
  readonly agent: string
  readonly spec: LaunchSpec
  readonly take: ResourceSet
}

/** Who claims, and what it may not clash with. */
export interface ClaimInput {
  readonly allocator: Allocator
  readonly framework: string
  readonly role: string
  readonly hasTask: (id: string) => boolean
  readonly tasksMax: number
}

/**
 * Takes free resources for tasks, one after the other, each through the gates of the allocator. With `atomic` what
 * was taken goes back when one is refused. Versions are compared with those at the beginning of the call.
 */
export function takeClaims(
  input: ClaimInput,
  items: readonly ClaimItem[],
  { mode = 'incremental', conflict = 'fit' }: ClaimOptions,
): ClaimResult & { readonly tasks: readonly ClaimedTask[] } {
  const { allocator, framework, role } = input
  const versions =
    conflict === 'fit'
      ? undefined
      : new Map(items.map(({ agent }) => [agent, allocator.agent(agent)?.version]))
  const grants = mode === 'atomic' ? allocator.grantsOf(framework)[role] : undefined
  const tasks: ClaimedTask[] = []
  const rejected: { task: string; problem: OfferProblem }[] = []
  for (const { agent, tasks: specs, seenVersion } of items)
    for (const spec of specs) {
      const stale = versions !== undefined && versions.get(agent) !== seenVersion
      const taken = stale ? STALE : takeOne(input, agent, spec, tasks)
      if ('code' in taken) rejected.push({ task: spec.id, problem: taken })
      else tasks.push({ agent, spec, take: taken.take })
    }
  if (mode === 'incremental' || rejected.length === 0)
    return { committed: tasks.map(({ spec }) => spec.id), rejected, tasks }
  for (const { agent, take } of tasks)
    allocator.apply({ type: 'return', framework, role, agent, resources: take, grantIds: [] })
  // What was not taken in the end breaks no ties.
  if (grants !== undefined) allocator.apply({ type: 'grants', framework, role, grants })
  const undone = tasks.map(({ spec }) => ({ task: spec.id, problem: ABORTED }))
  return { committed: [], rejected: [...rejected, ...undone], tasks: [] }
}

/** Whether the pool's authorization lets a framework claim, at once: a claim cannot wait for an answer. */
export function mayClaim({ options }: PoolCore, { id, principal }: FrameworkEntry, role: string): boolean {
  if (options.authorize === undefined) return true
  const answer = options.authorize({ framework: id, principal, operation: 'launch', role })
  if (typeof answer !== 'boolean') void Promise.resolve(answer).catch(() => {})
  return answer === true
}

/** Every task of a claim is refused because its framework may not claim. */
export function refuseClaims(items: readonly ClaimItem[]): ClaimResult {
  const rejected = items.flatMap(({ tasks }) => tasks.map(({ id }) => ({ task: id, problem: UNAUTHORIZED })))
  return { committed: [], rejected }
}

const UNAUTHORIZED: OfferProblem = {
  code: 'unauthorized',
  message: 'claims are not allowed: authorize did not answer true at once',
}
const STALE: OfferProblem = { code: 'conflict', message: 'the agent changed since it was looked at' }
const ABORTED: OfferProblem = { code: 'aborted', message: 'another task of the call was refused' }

function takeOne(
  { allocator, framework, role, hasTask, tasksMax }: ClaimInput,
  agent: string,
  spec: LaunchSpec,
  before: readonly ClaimedTask[],
): { readonly take: ResourceSet } | OfferProblem {
  const wanted = launchNeed(spec, { agent, hasTask, tasksMax }, before)
  if (!(wanted instanceof ResourceSet)) return wanted
  return allocator.claim({ framework, role, agent, resources: wanted, pick: spec.take === undefined })
}
