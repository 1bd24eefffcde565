import { Deployment, Revision } from '../../api/index.js'
import { contentHash, KeelsonError, UsageError } from '../../core/index.js'
import type { Client, ObjectRef, Reader } from '../../store/index.js'
import { NotFoundError } from '../../store/internal.js'
import { undoTarget } from '../revision-ledger.js'
import type { RevisionEntry } from './ledger.js'
import { appendRevision, ledgerOf } from './ledger.js'

/** Which revision an undo goes back to. */
export interface UndoOptions {
  /** A number of the ledger. Default: the newest that succeeded with another template than the current one. */
  readonly toRevision?: number
}

/**
 * Takes a Deployment back to an earlier revision: writes that revision's template into its spec and adds a ledger entry
 * with cause `undo`, in one transaction. Replicas and strategy stay; no number changes.
 *
 * @returns the new entry; `from` names the one whose template it has
 * @throws KeelsonError `NotFound` when there is no such Deployment or revision; `Usage` when it is paused, runs that
 * template already, or nothing else has ever succeeded. `details.reason` says which; nothing is changed then.
 */
export async function undo(
  client: Client,
  ref: ObjectRef,
  options: UndoOptions = {},
): Promise<RevisionEntry> {
  return await client.transact(tx => {
    const deployment = tx.get(Deployment, ref)
    if (deployment === undefined) throw new NotFoundError({ kind: Deployment.kind, ...ref })
    const { name } = deployment.metadata
    if (deployment.spec.paused === true)
      throw new UsageError(`Deployment ${name} is paused; resume it before an undo`, { reason: 'paused' })
    const ledger = ledgerOf(tx, deployment)
    const target = undoTarget(ledger, contentHash(deployment.spec.template), options.toRevision)
    switch (target.kind) {
      case 'not-found': {
        const known = ledger.map(entry => entry.number).join(', ')
        throw new KeelsonError({
          code: 'NotFound',
          message: `Deployment ${name} has no revision ${target.number}, only ${known}`,
          details: { kind: Revision.kind, name: `${name}-${target.number}`, reason: 'revision-not-found' },
        })
      }
      case 'current':
        throw new UsageError(
          `Deployment ${name} has the template of revision ${target.entry.number} already`,
          { reason: 'already-current' },
        )
      case 'nothing':
        throw new UsageError(`Deployment ${name} has no other revision that succeeded`, {
          reason: 'nothing-to-undo',
        })
      case 'entry': {
        const { template, templateHash, number } = target.entry
        tx.modify(Deployment, ref, draft => {
          draft.spec.template = structuredClone(template) as typeof draft.spec.template
        })
        return appendRevision(tx, deployment, { template, templateHash, cause: 'undo', from: number })
      }
    }
  })
}

/**
 * A Deployment's ledger, oldest entry first.
 *
 * @throws KeelsonError `NotFound` when there is no such Deployment
 */
export function history(reader: Reader, ref: ObjectRef): readonly RevisionEntry[] {
  const deployment = reader.get(Deployment, ref)
  if (deployment === undefined) throw new NotFoundError({ kind: Deployment.kind, ...ref })
  return ledgerOf(reader, deployment)
}
