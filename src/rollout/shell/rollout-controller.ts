import type { Condition, DeploymentStatus, TrafficAck } from '../../api/index.js'
import {
  Deployment,
  DisruptionBudget,
  Event,
  isConditionTrue,
  ReplicaSet,
  Revision,
  Service,
} from '../../api/index.js'
import { contentHash, formatTime, setCondition } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { createController, requeueAfter, TerminalError } from '../../reconcile/index.js'
import type { Client, Json, ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { Blocker } from '../blocker.js'
import { describeBlocker } from '../blocker.js'
import { resolveBudget } from '../budget.js'
import { refusesRepeats } from '../failure-cause.js'
import { readMarks } from '../ledger-marks.js'
import type { Plan } from '../machine.js'
import { plan } from '../machine.js'
import type { Program } from '../program.js'
import { latestEntry, refusedEntry, stableEntry } from '../revision-ledger.js'
import { rolloutConditions } from '../rollout-conditions.js'
import { rolloutEvent } from '../rollout-event.js'
import { rolloutRecord } from '../rollout-status.js'
import { isWayBack } from '../way-back.js'
import type { DeploymentProgram, InvalidStrategy } from './deployment-program.js'
import { dividedBy, policyOf, programReader, withoutService } from './deployment-program.js'
import { noteAnswers, openQuestions } from './gate-answers.js'
import type { GateRunner, GateRunners, GateTold, OpenQuestion } from './gate-runners.js'
import { createGateRunners } from './gate-runners.js'
import { grantSizes } from './granted-sizes.js'
import type { RevisionEntry } from './ledger.js'
import { appendRevision, forgetRevisions, ledgerOf, noteOutcome } from './ledger.js'
import { setsOf, sizeSet, syncMinReady, tallyOf, trimSets } from './replica-sets.js'
import { writeTemplate } from './revision-owner.js'
import type { TrafficAcks } from './service-traffic.js'
import {
  createTrafficAcks,
  isServiceMissing,
  otherDivider,
  routeTraffic,
  trafficOf,
} from './service-traffic.js'

/** How the rollout controller behaves. */
export interface RolloutControllerOptions {
  /** Deployments worked on at once. Default 4. */
  readonly concurrency?: number
  /** Failed tasks of a new template that are tolerated; one more is a failure. Default: only the deadline counts. */
  readonly maxFailures?: number
  /** Analyses and hooks, by the names that strategies wait for. Default: none. */
  readonly gates?: Readonly<Record<string, GateRunner>>
  /** A program that has not answered after so long is asked again; after five times its gate fails. Default 30,000. */
  readonly gateTimeoutMs?: number
  /**
   * Lets strategies divide the traffic of a Service: its store must know that kind. `ack` says when a division is
   * followed; without it no step waits for that. Default: strategies that name a service are told to be invalid.
   */
  readonly traffic?: { readonly ack?: TrafficAck }
  /**
   * Asks the DisruptionBudgets before it takes available tasks away, as drains do: of two that ask at once one gets the
   * last one allowed. Default false, as in Kubernetes: a rollout goes by its own bounds alone.
   */
  readonly disruptionBudgets?: boolean
  /** Where it tells what it did. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const ROLLOUT_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<RolloutControllerOptions>(
  'createRolloutController',
  {
    concurrency: true,
    maxFailures: true,
    gates: true,
    gateTimeoutMs: true,
    traffic: true,
    disruptionBudgets: true,
    events: true,
  },
)

/**
 * Rolls out each Deployment's template: resizes ReplicaSets inside the budget, keeps the ledger of Revisions, reports in
 * the Deployment's status, and answers a failed rollout as `spec.onFailure` says.
 *
 * Guarantees: each step is one transaction, so a crash at any point loses nothing and repeats nothing; a step that
 * changes nothing writes nothing; a revert rewrites `spec.template`, so that the object says what runs. When somebody
 * puts the template that failed back, it is refused until it changes: the condition `TemplateRefused` and an event say
 * so, and neither revisions nor sets are made for it.
 */
export function createRolloutController(options: RolloutControllerOptions = {}): Controller {
  assertKnown(options, ROLLOUT_CONTROLLER_OPTIONS)
  const { gates = {}, gateTimeoutMs = 30_000, traffic } = options
  assertValid('rollout controller', wholeNumber('gateTimeoutMs', gateTimeoutMs, { min: 1 }))
  const programOf = programReader({ maxFailures: options.maxFailures, dividesTraffic: traffic !== undefined })
  let runners: GateRunners | undefined
  let acks: TrafficAcks | undefined
  const controller = createController({
    name: 'rollout',
    for: Deployment,
    owns: [ReplicaSet, Revision],
    ...(traffic === undefined ? {} : { watches: [{ kind: Service, map: deploymentsBehind }] }),
    concurrency: options.concurrency ?? 4,
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, deployment, ctx) {
      if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) {
        runners?.sync(ref, [])
        return
      }
      const { client, env } = ctx
      const {
        wakeAtMs,
        refused,
        actions,
        questions,
        divider,
        budgets = [],
      } = await rollOut(client, ref, {
        nowMs: env.clock.now(),
        programOf,
        told: runners?.told(ref) ?? [],
        complaints: runners?.complaints(ref) ?? new Map(),
        acks: traffic === undefined ? undefined : acks,
        asksBudgets: options.disruptionBudgets === true,
      })
      runners?.sync(ref, questions)
      if (divider !== undefined) ctx.watch(Deployment, divider)
      for (const budget of budgets) ctx.watch(DisruptionBudget, budget)
      for (const action of actions) {
        const event = rolloutEvent(action, ref.name)
        if (event !== undefined) ctx.record(event)
      }
      const wasRefused = isConditionTrue(deployment.status?.conditions, REFUSED)
      if (refused !== undefined && !wasRefused)
        ctx.record({ type: 'Warning', reason: REFUSED, note: describeBlocker(refused) })
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - env.clock.now()))
    },
    started(client) {
      const changed = (ref: ObjectRef): void => controller.enqueue(ref, 'gate')
      const { env } = client
      runners = createGateRunners({ env, reader: client, runners: gates, timeoutMs: gateTimeoutMs, changed })
      acks = createTrafficAcks(env, traffic?.ack, changed)
    },
    stopped() {
      runners?.close()
      acks?.close()
      runners = undefined
      acks = undefined
    },
  })
  return controller
}

const REFUSED = 'TemplateRefused'
type Refusal = Extract<Blocker, { readonly kind: 'refused' }>

interface Step {
  readonly nowMs: number
  readonly programOf: (spec: Deployment['spec']) => DeploymentProgram
  readonly told: readonly GateTold[]
  readonly complaints: ReadonlyMap<string, string>
  /** Undefined: traffic is none of this controller's business. */
  readonly acks: TrafficAcks | undefined
  readonly asksBudgets: boolean
}

interface StepOutcome {
  readonly wakeAtMs?: number | undefined
  readonly refused?: Refusal | undefined
  readonly actions: Plan['actions']
  readonly questions: readonly OpenQuestion[]
  /** Another Deployment that divides the traffic which this one would divide. */
  readonly divider?: ObjectRef | undefined
  /** DisruptionBudgets that allowed less than it asked for. */
  readonly budgets?: readonly ObjectRef[]
}

/** One step of one rollout: when to look again, why the template is not rolled out, if it is not, and what was done. */
function rollOut(client: Client, ref: ObjectRef, step: Step): Promise<StepOutcome> {
  return client.transact(tx => {
    const deployment = tx.get(Deployment, ref)
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined)
      return { actions: [], questions: [] }
    const divider = step.acks && otherDivider(tx, deployment)
    const { program, invalid = step.acks && trafficFault(tx, deployment, divider) } = step.programOf(
      deployment.spec,
    )
    const { current: found, refused } = currentEntry(tx, deployment)
    const current = noteAnswers(tx, deployment, found, step)
    const paused = deployment.spec.paused === true || invalid !== undefined
    const acks = divider === undefined ? step.acks : undefined
    const decided = decide(tx, deployment, { program, current, paused, nowMs: step.nowMs, acks })
    const { nowMs } = step
    const { actions, budgets, ...granted } = step.asksBudgets
      ? grantSizes(tx, deployment, decided, nowMs)
      : { actions: decided.actions, blockers: [], budgets: [] }
    apply(tx, deployment, { decided: { ...decided, actions }, current, nowMs })
    const questions = openQuestions(decided, deployment, current)
    const unanswered = questions.flatMap(({ gate }): readonly Blocker[] => {
      const message = step.complaints.get(gate)
      return message === undefined ? [] : [{ kind: 'unanswered', gate, message }]
    })
    const outside = [...granted.blockers, ...unanswered]
    report(tx, deployment, { decided, program, refused, invalid, outside, nowMs })
    return { wakeAtMs: decided.wakeAtMs, refused, actions, questions, divider: divider?.metadata, budgets }
  })
}

function trafficFault(
  tx: Transaction,
  deployment: Deployment,
  divider: Deployment | undefined,
): InvalidStrategy | undefined {
  if (isServiceMissing(tx, deployment)) return withoutService(deployment)
  return divider && dividedBy(divider, deployment)
}

/** The Deployments whose strategies divide the traffic of a service. */
function deploymentsBehind({ metadata }: Service, reader: Reader): readonly ObjectRef[] {
  const { name, namespace } = metadata
  const found = reader.list(Deployment, {
    index: { name: 'service', value: name },
    ...(namespace === undefined ? {} : { namespace }),
  })
  return found.items.map(({ metadata: own }) => ({
    name: own.name,
    ...(own.namespace === undefined ? {} : { namespace: own.namespace }),
  }))
}

/**
 * The ledger's entry for the present template; a template that the newest entry does not have is an update, unless it
 * failed and was reverted: then the revert stays what is rolled out.
 */
function currentEntry(
  tx: Transaction,
  deployment: Deployment,
): { readonly current: RevisionEntry; readonly refused?: Refusal } {
  const { template } = deployment.spec
  const templateHash = contentHash(template)
  const ledger = ledgerOf(tx, deployment)
  const latest = latestEntry(ledger)
  if (latest?.templateHash === templateHash) return { current: latest }
  const failed = refusesRepeats(policyOf(deployment.spec)) ? refusedEntry(ledger, templateHash) : undefined
  if (latest !== undefined && failed !== undefined)
    return { current: latest, refused: { kind: 'refused', entry: failed.number } }
  return { current: appendRevision(tx, deployment, { template, templateHash, cause: 'update' }) }
}

interface Decision {
  readonly program: Program
  readonly current: RevisionEntry
  readonly paused: boolean
  readonly nowMs: number
  readonly acks: TrafficAcks | undefined
}

function decide(
  tx: Transaction,
  deployment: Deployment,
  { program, current, paused, nowMs, acks }: Decision,
): Plan {
  const { replicas } = deployment.spec
  const stable = stableEntry(ledgerOf(tx, deployment))?.templateHash
  const spec = {
    desired: replicas,
    template: current.templateHash,
    entry: current.number,
    cause: current.cause,
    paused,
    program,
    ...readMarks(current.marks),
    ...(stable === undefined ? {} : { stable }),
  }
  const sets = setsOf(tx, deployment).map(tallyOf)
  const traffic = acks && trafficOf(tx, deployment, acks)
  const view = { sets, ...(traffic === undefined ? {} : { traffic }) }
  return plan(spec, rolloutRecord(deployment)?.state, view, nowMs)
}

function apply(
  tx: Transaction,
  deployment: Deployment,
  step: { decided: Plan; current: RevisionEntry; nowMs: number },
): void {
  const { decided, nowMs } = step
  const ledger = ledgerOf(tx, deployment)
  for (const action of decided.actions) {
    switch (action.op) {
      case 'outcome':
        noteOutcome(tx, deployment, { ...action, nowMs })
        break
      case 'revert': {
        const target = stableEntry(ledger)
        if (target?.templateHash !== action.template)
          throw new TerminalError(`no template of ${action.template} to revert to`)
        const { template, templateHash, number } = target
        appendRevision(tx, deployment, { template, templateHash, cause: 'revert', from: number })
        writeTemplate(tx, deployment, template)
        break
      }
      case 'route':
        routeTraffic(tx, deployment, action.weights)
        break
      case 'size': {
        const entry = ledger.find(({ templateHash }) => templateHash === action.template)
        sizeSet(tx, deployment, { hash: action.template, size: action.size, template: entry?.template })
        break
      }
    }
  }
  const { number: entry, cause } = step.current
  syncMinReady(tx, deployment, isWayBack({ entry, cause }, decided.state))
  trimSets(tx, deployment, decided.state.template)
  forgetRevisions(tx, deployment, new Set(setsOf(tx, deployment).map(set => tallyOf(set).template)))
}

function report(
  tx: Transaction,
  deployment: Deployment,
  step: {
    decided: Plan
    program: Program
    refused: Refusal | undefined
    invalid: InvalidStrategy | undefined
    /** What stands in the way outside of the plan. */
    outside: readonly Blocker[]
    nowMs: number
  },
): void {
  const { decided, program, refused, invalid, outside, nowMs } = step
  const { state } = decided
  const blockers = [invalid ?? [], refused ?? [], decided.blockers, outside].flat()
  const sets = setsOf(tx, deployment)
  const total = (field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
    sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0)
  const updated = sets.find(set => tallyOf(set).template === state.template)
  const { floor } = resolveBudget(program.budget, deployment.spec.replicas)
  // A revert has changed the spec in this very transaction.
  const latest = tx.get(Deployment, deployment.metadata) ?? deployment
  let conditions: readonly Condition[] | undefined = latest.status?.conditions?.filter(
    ({ type }) => refused !== undefined || type !== REFUSED,
  )
  if (refused !== undefined) {
    const told = {
      type: REFUSED,
      status: 'True',
      reason: 'FailedBefore',
      message: describeBlocker(refused),
    } as const
    conditions = setCondition(conditions, told, formatTime(nowMs))
  }
  const counts = { available: total('availableReplicas'), floor }
  for (const condition of rolloutConditions(state, counts, invalid?.message)) {
    conditions = setCondition(conditions, condition, formatTime(nowMs))
  }
  const status: DeploymentStatus = {
    observedGeneration: latest.metadata.generation,
    revision: state.entry,
    replicas: total('replicas'),
    updatedReplicas: updated?.status?.replicas ?? 0,
    readyReplicas: total('readyReplicas'),
    availableReplicas: total('availableReplicas'),
    conditions: conditions ?? [],
    rollout: { state, blockers } as unknown as Json,
  }
  // An equal status is a no-op to the store.
  tx.updateStatus(Deployment, { ...latest, status })
}
