import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createMemoryMetrics, isKeelsonError } from '../../src/core/index.js'
import type { AttemptEnd } from '../../src/reconcile/attempt/attempt.js'
import { createControllerMetrics } from '../../src/reconcile/controller/controller-metrics.js'
import type { Outcome } from '../../src/reconcile/controller/outcome.js'
import { decideOutcome } from '../../src/reconcile/controller/outcome.js'
import type { WorkQueue } from '../../src/reconcile/index.js'
import {
  createWorkQueue,
  exponentialLimiter,
  requeueAfter,
  TerminalError,
} from '../../src/reconcile/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { judgeBehavior, judgeLegacyLimit, judgeReplicas, judgeStabilize } from './reconcile-autoscaler.js'
import { childrenAnswers } from './reconcile-children.js'
import { judgeCollections } from './reconcile-collection.js'
import { judgeDecisions, judgeMostRecent } from './reconcile-cron.js'
import { judgeElectionSettings, playElection, playRenewal } from './reconcile-election.js'
import { judgeBackoff, judgeFailures, judgeIndexed, judgeWantedActive } from './reconcile-jobs.js'
import type { LimiterSpec } from './reconcile-limiters.js'
import { playLimiter } from './reconcile-limiters.js'
import { judgeRanks } from './reconcile-scale-down.js'
import { judgeReaper, judgeRestarts, judgeSlotScaleDown } from './reconcile-slots.js'
import { judgeStatefulSteps } from './reconcile-stateful.js'
import { judgeZones } from './reconcile-zones.js'

type Operation = readonly [name: string, ...values: unknown[]]

interface Case {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly ops?: readonly Operation[]
  readonly limiter?: LimiterSpec
  readonly result?: { readonly requeueAfterMs?: number }
  readonly error?: string | null
  readonly expect?: unknown
  readonly expectOurs?: unknown
  readonly expectSummary?: Readonly<Record<string, number>>
  readonly rows?: unknown
}

interface World {
  readonly env: VirtualEnv
  readonly queue: WorkQueue<string>
  drain: 'BLOCKED' | 'RETURNED'
}

const answers: Readonly<Record<string, (example: Case) => Promise<void> | void>> = {
  ...childrenAnswers,
  workqueue: playQueue,
  delayingQueue: playQueue,
  rateLimiter: playLimiter,
  priorityQueue: playPriorities,
  reconcileResult: judgeResult,
  gc: judgeCollections,
  scaleDownRank: judgeRanks,
  statefulSetStep: judgeStatefulSteps,
  cronMostRecent: judgeMostRecent,
  cronDecision: judgeDecisions,
  zoneState: judgeZones,
  hpaReplicas: judgeReplicas,
  hpaBehavior: judgeBehavior,
  hpaLimitLegacy: judgeLegacyLimit,
  hpaStabilize: judgeStabilize,
  jobBackoff: judgeBackoff,
  jobWantActive: judgeWantedActive,
  jobFailure: judgeFailures,
  jobIndexed: judgeIndexed,
  swarmScaleDown: judgeSlotScaleDown,
  swarmRestart: judgeRestarts,
  taskReaper: judgeReaper,
  leaderElection: playElection,
  leaderElectionConfig: judgeElectionSettings,
  leaderElectionRenew: playRenewal,
}

async function playQueue({ ops = [], expect: anchors, expectOurs }: Case): Promise<void> {
  const env = createVirtualEnv()
  const queue = createWorkQueue<string>({ env })
  const world: World = { env, queue, drain: 'RETURNED' }
  const results: unknown[] = []
  for (const operation of ops) results.push((await play(world, operation)) ?? null)
  expect(results).toEqual(expectOurs ?? anchors)
}

async function play(world: World, [name, ...values]: Operation): Promise<unknown> {
  const { env, queue } = world
  const key = String(values[0])
  switch (name) {
    case 'add':
      return queue.add(key)
    case 'addAfter':
      return addAfter(queue, key, Number(values[1]))
    case 'get':
      return queue.get() ?? (queue.shuttingDown ? 'SHUTDOWN' : 'BLOCK')
    case 'done':
      return giveBack(queue, key)
    case 'len':
      return queue.length
    case 'waiting':
      return queue.delayed
    case 'ready':
      return queue.list().flatMap(state => (state.state === 'ready' ? [state.key] : []))
    case 'take':
      return take(queue)
    case 'advance':
      return env.advance(Number(values[0]))
    case 'shutDown':
      return queue.shutDown()
    case 'shuttingDown':
      return queue.shuttingDown
    case 'shutDownWithDrain':
      world.drain = 'BLOCKED'
      void queue.drain().then(() => {
        world.drain = 'RETURNED'
      })
      await env.settle()
      return world.drain
    case 'drainStatus':
      await env.settle()
      return world.drain
    default:
      throw new Error(`unknown operation ${name}`)
  }
}

/** A negative delay is a wrong computation somewhere: ours refuses it, where the anchor adds at once. */
function addAfter(queue: WorkQueue<string>, key: string, ms: number): void {
  if (ms >= 0) return queue.addAfter(key, ms)
  expect(() => queue.addAfter(key, ms)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  queue.add(key)
}

/** Giving back what nobody holds is a bug of the worker: ours says so, where the anchor is silent. Neither changes anything. */
function giveBack(queue: WorkQueue<string>, key: string): void {
  try {
    queue.done(key)
  } catch (error) {
    if (!isKeelsonError(error, 'Usage')) throw error
    expect(queue.list().some(state => state.key === key && /processing|held/.test(state.state))).toBe(false)
  }
}

/** One whole turn of a worker. */
function take(queue: WorkQueue<string>): string | undefined {
  const key = queue.get()
  if (key !== undefined) queue.done(key)
  return key
}

/** Keys come out with their priorities here. */
async function playPriorities({ ops = [], expect: anchors, expectOurs }: Case): Promise<void> {
  const env = createVirtualEnv()
  const queue = createWorkQueue<string>({ env })
  const world: World = { env, queue, drain: 'RETURNED' }
  const results: unknown[] = []
  for (const operation of ops) results.push((await playPriority(world, operation)) ?? null)
  expect(results).toEqual(expectOurs ?? anchors)
}

async function playPriority(world: World, operation: Operation): Promise<unknown> {
  const [name, key, about = {}] = operation
  const { queue } = world
  if (name === 'get') {
    const taken = queue.get()
    return taken === undefined ? play(world, operation) : [taken, queue.inspect(taken)?.priority]
  }
  if (!name.startsWith('add')) return play(world, operation)
  const { after, priority, rateLimited } = about as PriorityAdd
  const options = priority === undefined ? {} : { priority }
  if (after === undefined && rateLimited !== true) queue.add(String(key), options)
  if (rateLimited === true) queue.addRateLimited(String(key), options)
  if (after !== undefined) queue.addAfter(String(key), after, options)
  return undefined
}

interface PriorityAdd {
  readonly after?: number
  readonly priority?: number
  readonly rateLimited?: boolean
}

interface ExpectedResult {
  readonly queue: readonly Operation[]
  readonly metric: string
}

function judgeResult(example: Case): void {
  const { queue, metric } = (example.expectOurs ?? example.expect) as ExpectedResult
  const outcome = decideOutcome(endOf(example), { failures: 0, conflicts: 0 }, exponentialLimiter())
  expect(callsOf(outcome)).toEqual(queue)
  expect(resultLabel(outcome)).toBe(metric)
}

/** An error and a delay together have no spelling here: whoever throws returns nothing. */
function endOf({ result = {}, error }: Case): AttemptEnd {
  if (error === 'error') return { kind: 'threw', error: new Error('failed') }
  if (error === 'terminal') return { kind: 'threw', error: new TerminalError('failed for good') }
  if (error !== null && error !== undefined) throw new Error(`unknown error ${error}`)
  const { requeueAfterMs, ...unknown } = result
  expect(unknown).toEqual({})
  return { kind: 'returned', result: requeueAfterMs === undefined ? undefined : requeueAfter(requeueAfterMs) }
}

function callsOf(outcome: Outcome): readonly Operation[] {
  switch (outcome.kind) {
    case 'success':
    case 'terminal':
      return [['forget']]
    case 'requeueAfter':
      return [['forget'], ['addAfter', outcome.afterMs]]
    case 'poll':
      return [['forget'], ['addAfter', outcome.minMs]]
    case 'retry':
    case 'pause':
    case 'conflict':
      return [['addRateLimited']]
  }
}

function resultLabel(outcome: Outcome): string | undefined {
  const metrics = createMemoryMetrics()
  createControllerMetrics(metrics, 'c', 1).ended(outcome, 1)
  const total = metrics.snapshot().find(({ name }) => name === 'controller_runtime_reconcile_total')
  return total?.series[0]?.labels['result']
}

const folder = process.env['KEELSON_CASES']
const bundled = join(import.meta.dirname, 'cases')
const casesIn = (directory: string): readonly Case[] =>
  (JSON.parse(readFileSync(join(directory, 'reconcile.json'), 'utf8')) as { cases: readonly Case[] }).cases

describe('reconcile cases', () => {
  test.each(casesIn(folder ?? bundled))('$id: $title', async example => {
    const answer = answers[example.kind]
    if (answer === undefined) throw new Error(`no runner knows the kind ${example.kind}`)
    await answer(example)
  })
})
