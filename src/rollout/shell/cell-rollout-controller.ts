import { Cell, Event, Revision } from '../../api/index.js'
import { contentHash, formatTime, setCondition } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { createController, requeueAfter, TerminalError } from '../../reconcile/index.js'
import type { Client, Json, Kind, ObjectRef, Transaction } from '../../store/index.js'
import type { CellRolloutStep } from '../cell-plan/cell-rollout.js'
import { stepCellRollout } from '../cell-plan/cell-rollout.js'
import type { CellPlan } from '../cell-plan/cell-view.js'
import { describeCellBlocker } from '../cell-plan/cell-view.js'
import { readMarks } from '../ledger-marks.js'
import { latestEntry, refusedEntry, stableEntry } from '../revision-ledger.js'
import type { CellSet, CellSetKind } from './cell-sets.js'
import {
  cellProgramOf,
  cellRolloutRecord,
  desiredCells,
  rolledCells,
  setIn,
  writeRolloutStatus,
} from './cell-sets.js'
import { CellTables } from './cell-tables.js'
import type { RevisionEntry } from './ledger.js'
import { appendRevision, forgetRevisions, ledgerOf, noteOutcome } from './ledger.js'
import { writeTemplate } from './revision-owner.js'

/** How a rollout of cells behaves. */
export interface CellRolloutControllerOptions {
  /** Whose cells are rolled out. */
  readonly for: CellSetKind
  /** Sets worked on at once. Default 4. */
  readonly concurrency?: number
  /** So many tasks of a new revision that end within a minute are a crash loop, answered as `spec.onFailure` says. Default 3. */
  readonly crashes?: number
  /** Where it tells what it did. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const KNOWN: KnownOptions = /* @__PURE__ */ knownOptions<CellRolloutControllerOptions>(
  'a cell rollout controller',
  {
    for: true,
    concurrency: true,
    crashes: true,
    events: true,
  },
)

/**
 * Rolls out the template of each StatefulSet, DaemonSet or SlotSet: changes `spec.revision` of its Cells inside the budget, keeps
 * the ledger of Revisions, reports in the set's status, and answers a failed rollout as `spec.onFailure` says. It makes no
 * cells and no tasks: `createStatefulSetController`, `createDaemonSetController`, `createSlotSetController` and
 * `createCellController` of `keelson/workloads` do.
 *
 * Guarantees: each step is one transaction; a step that changes nothing writes nothing; a cell that does not work, of a
 * revision that is not wanted, stands in nobody's way (kubernetes#67250, #60164); a revert rewrites `spec.template`.
 *
 * @throws UsageError for unknown options; InvalidError for numbers that are none of at least 1
 */
export function createCellRolloutController(options: CellRolloutControllerOptions): Controller {
  assertKnown(options, KNOWN)
  const { concurrency = 4, crashes = 3, events = { whenKnown: Event } } = options
  assertValid('cell rollout controller', [
    ...wholeNumber('concurrency', concurrency, { min: 1 }),
    ...wholeNumber('crashes', crashes, { min: 1 }),
  ])
  const kind: Kind = options.for
  const tables = new CellTables()
  return createController({
    name: `rollout-${kind.plural}`,
    for: kind,
    owns: [Cell, Revision],
    concurrency,
    events,
    async reconcile(ref, _, ctx) {
      const { client, env } = ctx
      const done = await rollOut(client, { kind: options.for, ref, crashes, nowMs: env.clock.now(), tables })
      for (const { outcome, entry, cause } of done.outcomes) {
        const note = `revision ${entry} has ${outcome}${cause === undefined ? '' : `: ${cause}`}`
        if (outcome === 'failed') ctx.record({ type: 'Warning', reason: 'RolloutFailed', note })
        if (outcome === 'succeeded') ctx.record({ reason: 'RolloutSucceeded', note })
      }
      if (done.wakeAtMs !== undefined) return requeueAfter(Math.max(0, done.wakeAtMs - env.clock.now()))
    },
  })
}

interface Step {
  readonly kind: CellRolloutControllerOptions['for']
  readonly ref: ObjectRef
  readonly crashes: number
  readonly nowMs: number
  readonly tables: CellTables
}

type StepOutcome = Pick<CellRolloutStep, 'outcomes' | 'wakeAtMs'>

/** One step of one rollout: what was noted, and when to look again. */
function rollOut(client: Client, { kind, ref, crashes, nowMs, tables }: Step): Promise<StepOutcome> {
  return client.transact(tx => {
    const set = setIn(tx, kind, ref)
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return { outcomes: [] }
    const { current, refused } = currentEntry(tx, set)
    const stable = stableEntry(ledgerOf(tx, set))
    const cells = rolledCells(set, cellsOf(tx, set))
    const goal = {
      target: current.templateHash,
      desired: desiredCells(set),
      ...(stable === undefined ? {} : { stable: stable.templateHash }),
    }
    const plan = tables.plan(set.metadata.uid, cells, goal, cellProgramOf(set))
    const step = stepCellRollout(
      cellRolloutRecord(set),
      {
        entry: current.number,
        updated: cells.filter(cell => isUpdated(cell, current)).length,
        done: plan.done && goal.desired > 0,
        failures: failuresOf(cells, current),
        retries: readMarks(current.marks).retries,
        paused: set.spec.paused === true,
        resting: goal.desired === 0 || isHeldBack(plan),
        mayRevert: current.cause !== 'revert' && stable !== undefined && stable.number !== current.number,
      },
      {
        deadlineMs: (set.spec.progressDeadlineSeconds ?? 600) * 1000,
        crashes,
        action: set.spec.onFailure ?? 'pause',
      },
      nowMs,
    )
    if (step.moves) move(tx, cells, plan)
    for (const outcome of step.outcomes) noteOutcome(tx, set, { ...outcome, nowMs })
    const entry = step.revert && stable !== undefined ? revert(tx, set, stable) : current
    report(tx, set, { entry, step, plan, refused, paused: set.spec.paused === true, nowMs })
    forgetRevisions(tx, set, new Set(cellsOf(tx, set).flatMap(revisionsOf)))
    return step
  })
}

/** Whether all is done but what the partition holds back. */
function isHeldBack({ moves, blockers }: CellPlan): boolean {
  return moves.length === 0 && blockers.length > 0 && blockers.every(({ kind }) => kind === 'partition')
}

function cellsOf(tx: Transaction, set: CellSet): readonly Cell[] {
  return tx.list(Cell, { index: { name: 'controller', value: set.metadata.uid } }).items
}

function revisionsOf({ spec, status }: Cell): readonly string[] {
  return status?.revision === undefined ? [spec.revision] : [spec.revision, status.revision]
}

function isUpdated({ spec, status }: Cell, { templateHash }: RevisionEntry): boolean {
  return spec.revision === templateHash && status?.revision === templateHash && status.available
}

function failuresOf(cells: readonly Cell[], { templateHash }: RevisionEntry): number {
  return cells.reduce(
    (total, { status }) => total + (status?.attempted === templateHash ? status.failures : 0),
    0,
  )
}

/** The entry of the present template, as of a Deployment: another template is an update, unless it was reverted. */
function currentEntry(
  tx: Transaction,
  set: CellSet,
): { readonly current: RevisionEntry; readonly refused?: RevisionEntry } {
  const { template, onFailure } = set.spec
  const templateHash = contentHash(template)
  const ledger = ledgerOf(tx, set)
  const latest = latestEntry(ledger)
  if (latest?.templateHash === templateHash) return { current: latest }
  const refused = onFailure === 'revert' ? refusedEntry(ledger, templateHash) : undefined
  if (latest !== undefined && refused !== undefined) return { current: latest, refused }
  return { current: appendRevision(tx, set, { template, templateHash, cause: 'update' }) }
}

function move(tx: Transaction, cells: readonly Cell[], { moves }: CellPlan): void {
  const byKey = new Map(cells.map(cell => [cell.spec.key, cell]))
  for (const { key, revision } of moves) {
    const cell = byKey.get(key)
    if (cell === undefined) throw new TerminalError(`no cell has the key ${key}`)
    tx.modify(Cell, cell.metadata, draft => {
      draft.spec.revision = revision
    })
  }
}

function revert(tx: Transaction, set: CellSet, stable: RevisionEntry): RevisionEntry {
  const { template, templateHash, number } = stable
  writeTemplate(tx, set, template)
  return appendRevision(tx, set, { template, templateHash, cause: 'revert', from: number })
}

interface Report {
  readonly entry: RevisionEntry
  readonly step: CellRolloutStep
  readonly plan: CellPlan
  readonly refused: RevisionEntry | undefined
  readonly paused: boolean
  readonly nowMs: number
}

function report(tx: Transaction, { kind, metadata }: CellSet, told: Report): void {
  const set = setIn(tx, { kind }, metadata)
  if (set === undefined) return
  const { entry, step, plan, nowMs } = told
  const stable = stableEntry(ledgerOf(tx, set))
  writeRolloutStatus(tx, set, {
    revision: entry.number,
    updateRevision: entry.templateHash,
    ...(stable === undefined ? {} : { currentRevision: stable.templateHash }),
    conditions: setCondition(set.status?.conditions, progressing(told), formatTime(nowMs)),
    rollout: { state: step.state, blockers: plan.blockers } as unknown as Json,
  })
}

/** Reasons as those of a Deployment's rollout. */
function progressing(told: Report): Parameters<typeof setCondition>[1] {
  const { entry, plan, refused, paused } = told
  const { state } = told.step
  const type = 'Progressing'
  if (refused !== undefined) {
    const message = `the template is that of revision ${refused.number}, which failed and was reverted; change it`
    return { type, status: 'False', reason: 'TemplateRefused', message }
  }
  const name = `revision ${state.entry}`
  if (entry.number !== state.entry)
    return {
      type,
      status: 'True',
      reason: 'Reverting',
      message: `${name} has failed; revision ${entry.number} follows`,
    }
  if (state.cause !== undefined) {
    const reason = state.cause === 'deadline' ? 'ProgressDeadlineExceeded' : 'CrashLoop'
    return { type, status: 'False', reason, message: `${name} has failed` }
  }
  if (paused && state.phase !== 'succeeded')
    return { type, status: 'Unknown', reason: 'Paused', message: `${name} is paused` }
  if (state.phase === 'succeeded' && plan.done)
    return { type, status: 'True', reason: 'NewRevisionAvailable', message: `${name} is rolled out` }
  const why = plan.blockers.map(describeCellBlocker).join('; ')
  return {
    type,
    status: 'True',
    reason: 'RevisionUpdated',
    message: why === '' ? `${name} is being rolled out` : why,
  }
}
