import { Deployment } from '../../api/index.js'
import type { FieldProblem } from '../../core/index.js'
import { contentHash, formatTime, UsageError } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import type { Client, ObjectRef, Reader } from '../../store/index.js'
import { undoTarget } from '../revision-ledger.js'
import type { RevisionEntry } from './ledger.js'
import { appendRevision, ledgerOf, markRevision } from './ledger.js'
import type { RestorableField, RevisionedKind, TemplateWrite } from './revision-owner.js'
import { ownerIn, RESTORABLE_FIELDS, writeTemplate } from './revision-owner.js'
import { unknownEntry } from './rollout-command.js'

/** Which revision an undo goes back to. */
export interface UndoOptions {
  /** What is taken back. Default `Deployment`. */
  readonly kind?: RevisionedKind
  /** A number of the ledger. Default: the newest that succeeded with another template than the current one. */
  readonly toRevision?: number
  /** The revision that has this tag, instead of a number. */
  readonly toTag?: string
  /**
   * What comes back: the `template` alone, so that a count that was scaled since stays; `all` of the spec as it was when
   * the revision was written, but for its selector and a pause; or the template and these fields. Default `template`.
   */
  readonly restore?: 'template' | 'all' | readonly RestorableField[]
  /** Who does it. Default `undo`. */
  readonly by?: string
  readonly reason?: string
}

const UNDO_OPTIONS = /* @__PURE__ */ knownOptions<UndoOptions>('undo', {
  kind: true,
  toRevision: true,
  toTag: true,
  restore: true,
  by: true,
  reason: true,
})

/**
 * Takes a Deployment or a set back to an earlier revision: writes that revision's template into its spec and adds a ledger entry
 * with cause `undo`, in one transaction. It works while a rollout is under way, has failed or is paused: a pause is lifted.
 * Replicas and strategy stay unless `restore` says otherwise; no number changes.
 *
 * @returns the new entry; `from` names the one whose template it has
 * @throws KeelsonError `NotFound` when there is no such object or revision; `Usage` when it has that template
 * already, or nothing else has ever succeeded, or it is to restore what was not written down; `Invalid` for both a number and a tag,
 * and for fields that cannot be restored. `details.reason` says which; nothing is changed then.
 */
export async function undo(
  client: Client,
  ref: ObjectRef,
  options: UndoOptions = {},
): Promise<RevisionEntry> {
  assertKnown(options, UNDO_OPTIONS)
  const { kind = Deployment, toRevision, toTag, restore = 'template' } = options
  const isTwice = toRevision !== undefined && toTag !== undefined
  const message = 'cannot be had together with toRevision'
  assertValid('undo', [
    ...(isTwice ? [{ field: 'toTag', value: toTag, message }] : []),
    ...restoreProblems(restore),
  ])
  return await client.transact(tx => {
    const owner = ownerIn(tx, kind, ref)
    const name = `${owner.kind} ${owner.metadata.name}`
    const ledger = ledgerOf(tx, owner)
    const { by = 'undo', reason } = options
    const tagged = ledger.find(({ tags }) => toTag !== undefined && tags.includes(toTag))?.number
    const number = toTag === undefined ? toRevision : (tagged ?? 0)
    const target = undoTarget(ledger, contentHash(owner.spec.template), number)
    switch (target.kind) {
      case 'not-found':
        throw unknownEntry(owner, toTag ?? target.number, ledger)
      case 'current':
        throw new UsageError(`${name} has the template of revision ${target.entry.number} already`, {
          reason: 'already-current',
        })
      case 'nothing':
        throw new UsageError(`${name} has no other revision that succeeded`, {
          reason: 'nothing-to-undo',
        })
      case 'entry': {
        const { template, templateHash, number } = target.entry
        const restored = restoredBy(restore, target.entry)
        // The way back must not wait for who paused.
        const now = writeTemplate(tx, owner, template, { isResumed: true, restored })
        const entry = appendRevision(tx, now, { template, templateHash, cause: 'undo', from: number })
        const time = formatTime(client.env.clock.now())
        const mark = { verb: 'undo', by, time, ...(reason === undefined ? {} : { reason }) } as const
        return markRevision(tx, owner, entry, mark)
      }
    }
  })
}

function restoreProblems(restore: unknown): readonly FieldProblem[] {
  if (restore === 'template' || restore === 'all') return []
  const message = `must be "template", "all", or a list of ${RESTORABLE_FIELDS.join(', ')}`
  if (!Array.isArray(restore)) return [{ field: 'restore', value: restore, message }]
  return restore.flatMap((value, index) =>
    RESTORABLE_FIELDS.includes(value) ? [] : [{ field: `restore[${index}]`, value, message }],
  )
}

/** The fields that come back, with what they were. */
function restoredBy(
  restore: NonNullable<UndoOptions['restore']>,
  { number, settings }: RevisionEntry,
): NonNullable<TemplateWrite['restored']> {
  if (restore === 'template') return { fields: [], settings: {} }
  if (settings === undefined)
    throw new UsageError(`revision ${number} has its template only, so it can restore nothing else`, {
      reason: 'settings-unknown',
    })
  return { fields: restore === 'all' ? RESTORABLE_FIELDS : restore, settings }
}

/**
 * The ledger of a Deployment or of a set, oldest entry first.
 *
 * @throws KeelsonError `NotFound` when there is no such object
 */
export function history(
  reader: Reader,
  ref: ObjectRef,
  kind: RevisionedKind = Deployment,
): readonly RevisionEntry[] {
  return ledgerOf(reader, ownerIn(reader, kind, ref))
}
