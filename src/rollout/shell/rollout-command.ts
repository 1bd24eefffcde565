import { Deployment, Revision } from '../../api/index.js'
import type { FieldProblem } from '../../core/index.js'
import { contentHash, formatTime, KeelsonError, UsageError } from '../../core/index.js'
import type { LedgerMark } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, WAYPOINTS_MAX } from '../../core/internal.js'
import type { Client, ObjectRef, Transaction } from '../../store/index.js'
import { waypointOf } from '../at-waypoint.js'
import { namedIn } from '../gate.js'
import { readMarks } from '../ledger-marks.js'
import { kubernetesProgram } from '../presets/kubernetes-rollout.js'
import { latestEntry, refusedEntry, stableEntry } from '../revision-ledger.js'
import type { RolloutState } from '../rollout-state.js'
import { isUnfinished, ownFailure } from '../rollout-state.js'
import { rolloutRecord } from '../rollout-status.js'
import { cellRolloutRecord } from './cell-sets.js'
import type { RevisionEntry } from './ledger.js'
import { ledgerOf, markRevision } from './ledger.js'
import type { RevisionedKind, RevisionOwner } from './revision-owner.js'
import { isDeployment, modifyOwner, ownerIn } from './revision-owner.js'

/** Who does it, why, and to which ledger entry, so that it never reaches another one. */
interface Command {
  /** The number of the ledger entry, as `rolloutStatus(deployment).entry` tells it. */
  readonly entry: number
  /** Who does it. 1 to 1,024 characters. */
  readonly by: string
  readonly reason?: string
}

/** What people do to a rollout. `undo` is a function of its own. */
export type RolloutCommand = Command &
  (
    | { readonly verb: 'pause' | 'resume' | 'abort' | 'retry' | 'pin' | 'unpin' }
    /** Lifts the gates of the present waypoint (`step`, the default), or of all and the way there (`full`). */
    | { readonly verb: 'promote'; readonly to?: 'step' | 'full' }
    /** Answers a gate of the present waypoint by its name, an analysis or a hook too. */
    | { readonly verb: 'approve' | 'reject'; readonly gate: string }
    | { readonly verb: 'tag' | 'untag'; readonly tag: string }
  )

const KNOWN = /* @__PURE__ */ knownOptions<
  Record<'verb' | 'entry' | 'by' | 'reason' | 'to' | 'gate' | 'tag', unknown>
>('actOnRollout', { verb: true, entry: true, by: true, reason: true, to: true, gate: true, tag: true })
const VERBS: Readonly<Record<RolloutCommand['verb'], true>> = {
  pause: true,
  resume: true,
  promote: true,
  approve: true,
  reject: true,
  abort: true,
  retry: true,
  pin: true,
  unpin: true,
  tag: true,
  untag: true,
}
/** Of `by` and `reason`: an entry keeps up to 1,000 of them. */
const TEXT_MAX = 1_024
const TAG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/**
 * Does one thing to the rollout of a Deployment or of a set, in one transaction, and marks it in the ledger
 * with who, why and when. Sets have no waypoints, so nothing to promote, approve, reject or abort.
 *
 * `pause` and `resume` write `spec.paused`. `abort` gives all capacity back to what was stable; the template stays.
 * `retry` begins a failed entry again at its first waypoint, or lets a refused template through once. `pin` and `tag` keep
 * an entry whatever `revisionHistoryLimit` says.
 *
 * @param kind whose rollout it is. Default `Deployment`
 * @returns the entry, with its marks
 * @throws KeelsonError `NotFound` when there is no such object or entry; `Usage` when there is nothing to do:
 * `details.reason` says why (`stale-entry`, `nothing-to-abort`, …), or a field is unknown; `Invalid` when one is not
 * acceptable. Nothing is changed then.
 */
export async function actOnRollout(
  client: Client,
  ref: ObjectRef,
  command: RolloutCommand,
  kind: RevisionedKind = Deployment,
): Promise<RevisionEntry> {
  assertKnown(command, KNOWN)
  assertValid('rollout command', commandProblems(command))
  return await client.transact(tx => {
    const owner = ownerIn(tx, kind, ref)
    const ledger = ledgerOf(tx, owner)
    const entry = ledger.find(({ number }) => number === command.entry)
    if (entry === undefined) throw unknownEntry(owner, command.entry, ledger)
    const now = formatTime(client.env.clock.now())
    const mark = markOf({ tx, owner, ledger, entry }, command, now)
    return markRevision(tx, owner, entry, mark)
  })
}

/** What is wrong with a command that may have been read from a request or a file. */
function commandProblems(command: RolloutCommand): readonly FieldProblem[] {
  const { verb, by, reason = '', entry } = command
  const problems: FieldProblem[] = []
  const refuse = (field: string, value: unknown, message: string): void => {
    problems.push({ field, value, message })
  }
  if (!Number.isSafeInteger(entry) || entry < 1)
    refuse(
      'entry',
      entry,
      'must be the number of a ledger entry, as rolloutStatus(deployment).entry tells it',
    )
  if (!Object.hasOwn(VERBS, verb)) refuse('verb', verb, `must be one of ${Object.keys(VERBS).join(', ')}`)
  if (typeof by !== 'string' || by === '' || by.length > TEXT_MAX)
    refuse('by', by, `must say who does it, in 1 to ${TEXT_MAX} characters`)
  if (typeof reason !== 'string' || reason.length > TEXT_MAX)
    refuse('reason', reason, `must be a text of at most ${TEXT_MAX} characters`)
  if (verb === 'promote' && ![undefined, 'step', 'full'].includes(command.to))
    refuse('to', command.to, 'must be step or full')
  if ((verb === 'tag' || verb === 'untag') && !TAG.test(String(command.tag ?? '')))
    refuse('tag', command.tag, 'must be 1 to 63 letters, digits, dots, dashes, underscores')
  return problems
}

/** The error for an entry that the ledger does not have. */
export function unknownEntry(
  { kind, metadata: { name } }: RevisionOwner,
  number: number | string,
  ledger: readonly RevisionEntry[],
): KeelsonError {
  const known = ledger.map(entry => entry.number).join(', ')
  return new KeelsonError({
    code: 'NotFound',
    message: `${kind} ${name} has no revision ${number}, only ${known}`,
    details: { kind: Revision.kind, name: `${name}-${number}`, reason: 'revision-not-found' },
  })
}

interface Scene<Owner extends RevisionOwner = RevisionOwner> {
  readonly tx: Transaction
  readonly owner: Owner
  readonly ledger: readonly RevisionEntry[]
  readonly entry: RevisionEntry
}

/** Checks that there is something to do, does what is done to the spec, and says what the ledger remembers. */
function markOf(scene: Scene, command: RolloutCommand, time: string): LedgerMark {
  const { verb, by, reason } = command
  const mark = { verb, by, time, ...(reason === undefined ? {} : { reason }) }
  switch (command.verb) {
    case 'pin':
    case 'unpin':
      return mark
    case 'tag':
    case 'untag':
      return { ...mark, tag: checkedTag(scene, command.verb, command.tag) }
    case 'pause':
    case 'resume':
      standingOf(scene)
      setPaused(scene, command.verb === 'pause')
      return mark
    case 'retry':
      return { ...mark, attempt: nextAttempt(scene) }
    default: {
      const { owner } = scene
      if (isDeployment(owner)) return { ...mark, ...waypointMark({ ...scene, owner }, command) }
      throw refused(
        scene,
        'no-waypoints',
        `a ${owner.kind} is rolled out without waypoints: nothing to ${verb}`,
      )
    }
  }
}

/** What speaks of the waypoints of a rollout in counts. */
function waypointMark(
  scene: Scene<Deployment>,
  command: RolloutCommand,
): Pick<LedgerMark, 'waypoint' | 'gate'> {
  switch (command.verb) {
    case 'promote': {
      const state = unfinished(scene, 'promote')
      const waypoint = command.to === 'full' ? WAYPOINTS_MAX : state.waypoint + 1
      if (readMarks(scene.entry.marks).promotedTo >= waypoint)
        throw refused(scene, 'nothing-to-promote', 'these gates are lifted already')
      return { waypoint }
    }
    case 'approve':
    case 'reject': {
      const { waypoint } = gateAt(scene, command.gate)
      return { gate: command.gate, waypoint }
    }
    default: {
      const state = unfinished(scene, 'abort')
      const stable = stableEntry(scene.ledger)?.templateHash
      if (stable === undefined || stable === state.template)
        throw refused(scene, 'nothing-to-abort', 'there is no other revision that succeeded')
      if (readMarks(scene.entry.marks).aborted)
        throw refused(scene, 'nothing-to-abort', 'it is being aborted already')
      return {}
    }
  }
}

function refused({ owner, entry }: Scene, reason: string, message: string): UsageError {
  const { kind, metadata } = owner
  return new UsageError(`Revision ${entry.number} of ${kind} ${metadata.name}: ${message}`, { reason })
}

/** How the entry stands, which must be the one that is rolled out now. */
function standingOf(scene: Scene): { readonly phase: string; readonly hasFailed: boolean } {
  const { owner } = scene
  if (isDeployment(owner)) {
    const state = stateOf({ ...scene, owner })
    return { phase: state.phase, hasFailed: ownFailure(state) !== undefined }
  }
  const { phase, cause } = checkedCurrent(scene, cellRolloutRecord(owner))
  return { phase, hasFailed: cause !== undefined }
}

function stateOf(scene: Scene<Deployment>): RolloutState {
  return checkedCurrent(scene, rolloutRecord(scene.owner)?.state)
}

function checkedCurrent<State extends { readonly entry: number }>(
  scene: Scene,
  state: State | undefined,
): State {
  const { owner, ledger, entry } = scene
  const latest = latestEntry(ledger)
  const isCurrent =
    latest?.number === entry.number && latest.templateHash === contentHash(owner.spec.template)
  if (!isCurrent || state?.entry !== entry.number) {
    const current = latest?.number ?? '?'
    throw refused(scene, 'stale-entry', `it is not, or not yet, what is rolled out; the newest is ${current}`)
  }
  return state
}

/** The record of an entry that is under way, paused or not. */
function unfinished(scene: Scene<Deployment>, verb: 'abort' | 'promote'): RolloutState {
  const state = stateOf(scene)
  // A failure that was only told leaves a rollout under way; one that paused it needs a retry.
  const isHeld = state.phase === 'paused' && ownFailure(state) !== undefined
  const isUnderWay = isUnfinished(state) && (verb === 'abort' || !isHeld)
  if (!isUnderWay)
    throw refused(scene, `nothing-to-${verb}`, `there is nothing to ${verb}: it is ${state.phase}`)
  return state
}

function setPaused(scene: Scene, paused: boolean): void {
  const { tx, owner } = scene
  if ((owner.spec.paused === true) === paused) {
    if (paused) throw refused(scene, 'already-paused', 'it is paused')
    const remedy = standingOf(scene).hasFailed
      ? '; it has failed: retry or undo it, or change its template'
      : ''
    throw refused(scene, 'not-paused', `it is not paused${remedy}`)
  }
  modifyOwner(tx, owner, spec => {
    spec.paused = paused
  })
}

/** A failed entry may be tried again; so may one that is refused because it failed and was reverted. */
function nextAttempt(scene: Scene): number {
  const { entry } = scene
  const attempt = (entry.marks.findLast(({ verb }) => verb === 'retry')?.attempt ?? 0) + 1
  if (refusedNumber(scene) === entry.number) return attempt
  const { phase, hasFailed } = standingOf(scene)
  if (!hasFailed) throw refused(scene, 'nothing-to-retry', `it has not failed: it is ${phase}`)
  return attempt
}

/** The entry whose template the object has, and which is refused because it failed and was reverted. */
function refusedNumber({ owner, ledger }: Scene): number | undefined {
  if (!isDeployment(owner)) {
    const isRefusing = owner.spec.onFailure === 'revert'
    return isRefusing ? refusedEntry(ledger, contentHash(owner.spec.template))?.number : undefined
  }
  const refusal = rolloutRecord(owner)?.blockers.find(({ kind }) => kind === 'refused')
  return refusal?.kind === 'refused' ? refusal.entry : undefined
}

function gateAt(scene: Scene<Deployment>, gate: string): RolloutState {
  const state = stateOf(scene)
  const { spec } = scene.owner
  const program = kubernetesProgram(spec)
  const about = { ...state, desired: spec.replicas, cause: scene.entry.cause, paused: false, program }
  const names = namedIn(waypointOf(about, state).gates ?? []).map(({ name }) => name)
  if (isUnfinished(state) && names.includes(gate)) return state
  const there = names.length === 0 ? 'has none' : `has ${names.join(', ')}`
  throw refused(
    scene,
    'unknown-gate',
    `no gate "${gate}" waits there: waypoint ${state.waypoint + 1} ${there}`,
  )
}

function checkedTag(scene: Scene, verb: 'tag' | 'untag', tag: string): string {
  const holder = scene.ledger.find(({ tags }) => tags.includes(tag))
  if (verb === 'tag' && holder !== undefined)
    throw refused(scene, 'tag-taken', `revision ${holder.number} has the tag "${tag}"`)
  if (verb === 'untag' && holder?.number !== scene.entry.number)
    throw refused(scene, 'unknown-tag', `it has no tag "${tag}"`)
  return tag
}
