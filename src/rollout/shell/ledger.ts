import type { TaskTemplate } from '../../api/index.js'
import { Revision } from '../../api/index.js'
import { contentHash, formatTime } from '../../core/index.js'
import type { LedgerMark } from '../../core/internal.js'
import { controllerReference } from '../../reconcile/index.js'
import type { ObjectRef, Reader, Transaction } from '../../store/index.js'
import { isPinned, tagsOf, withMark } from '../ledger-marks.js'
import type { EntryOutcome, LedgerEntry } from '../revision-ledger.js'
import { forgettable, mayBecome, nextNumber } from '../revision-ledger.js'
import type { RevisionOwner, Settings } from './revision-owner.js'
import { kindOfOwner, settingsOf } from './revision-owner.js'

/** A ledger entry with its template. */
export interface RevisionEntry extends LedgerEntry {
  readonly template: TaskTemplate
  /** The other fields of the owner's spec when the entry was written. */
  readonly settings?: Settings
  /** Name of the Revision object. */
  readonly name: string
  /** RFC 3339. */
  readonly createdAt: string
  /** What was done to it, oldest first. */
  readonly marks: readonly LedgerMark[]
  readonly tags: readonly string[]
}

/** The ledger of a Deployment or another set, oldest entry first. */
export function ledgerOf(reader: Reader, deployment: RevisionOwner): readonly RevisionEntry[] {
  const { items } = reader.list(Revision, { index: { name: 'controller', value: deployment.metadata.uid } })
  return items.map(entryOf).sort((a, b) => a.number - b.number)
}

/** Adds an entry under the next number. The status remembers the last one, in case that entry was deleted. */
export function appendRevision(
  tx: Transaction,
  deployment: RevisionOwner,
  entry: Pick<RevisionEntry, 'template' | 'templateHash' | 'cause' | 'from'>,
): RevisionEntry {
  const { name, namespace, uid } = deployment.metadata
  const reported = deployment.status?.revision ?? 0
  const number = Math.max(nextNumber(ledgerOf(tx, deployment)), reported + 1)
  const created = tx.create(Revision, {
    metadata: {
      // Of this very owner: one of another kind, or one that had its name before, may have a revision of that number.
      name: `${name}-${contentHash(uid)}-${number}`,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [controllerReference(kindOfOwner(deployment), deployment)],
    },
    spec: { number, ...entry, settings: settingsOf(deployment) },
  })
  const revision = tx.modifyStatus(Revision, created.metadata, draft => {
    draft.status = { outcome: 'progressing' }
  })
  return entryOf(revision)
}

/** Writes down how an entry fared, once. */
export function noteOutcome(
  tx: Transaction,
  deployment: RevisionOwner,
  note: {
    readonly entry: number
    readonly outcome: EntryOutcome
    readonly cause?: string
    readonly nowMs: number
  },
): void {
  const entry = ledgerOf(tx, deployment).find(({ number }) => number === note.entry)
  if (entry === undefined || !mayBecome(entry.outcome, note.outcome)) return
  tx.modifyStatus(Revision, refOf(deployment, entry), draft => {
    const { marks } = draft.status ?? {}
    draft.status = {
      outcome: note.outcome,
      finishTime: formatTime(note.nowMs),
      ...(note.cause === undefined ? {} : { message: note.cause }),
      ...(marks === undefined ? {} : { marks }),
    }
  })
}

/** Writes down what somebody did to an entry. */
export function markRevision(
  tx: Transaction,
  deployment: RevisionOwner,
  entry: RevisionEntry,
  mark: LedgerMark,
): RevisionEntry {
  const revision = tx.modifyStatus(Revision, refOf(deployment, entry), draft => {
    const { outcome = 'progressing', marks = [] } = draft.status ?? {}
    draft.status = { ...draft.status, outcome, marks: [...withMark(marks, mark)] }
  })
  return entryOf(revision)
}

function refOf({ metadata: { namespace } }: RevisionOwner, { name }: RevisionEntry): ObjectRef {
  return { name, ...(namespace === undefined ? {} : { namespace }) }
}

/** Deletes what the ledger may forget. `live` are the template hashes that sets still have. */
export function forgetRevisions(tx: Transaction, deployment: RevisionOwner, live: ReadonlySet<string>): void {
  const limit = deployment.spec.revisionHistoryLimit ?? 10
  for (const entry of forgettable(ledgerOf(tx, deployment), { live, limit }))
    tx.delete(Revision, refOf(deployment, entry))
}

function entryOf(revision: Revision): RevisionEntry {
  const { number, templateHash, template, cause, from, settings } = revision.spec
  const { marks = [] } = revision.status ?? {}
  const tags = tagsOf(marks)
  return {
    number,
    templateHash,
    template,
    cause,
    ...(from === undefined ? {} : { from }),
    ...(settings === undefined ? {} : { settings }),
    outcome: revision.status?.outcome ?? 'progressing',
    name: revision.metadata.name,
    createdAt: revision.metadata.creationTimestamp,
    marks,
    tags,
    ...(isPinned(marks) || tags.length > 0 ? { pinned: true } : {}),
    ...(marks.some(({ verb }) => verb === 'retry') ? { retried: true } : {}),
  }
}
