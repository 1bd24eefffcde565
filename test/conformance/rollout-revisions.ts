import { judgeGate } from '../../src/rollout/gate.js'
import type { LedgerEntry } from '../../src/rollout/revision-ledger.js'
import { latestEntry, nextNumber, stableEntry, undoTarget } from '../../src/rollout/revision-ledger.js'

/**
 * Kubernetes' view of our ledger: of each template only its newest entry has a number, the others are its history.
 * Whatever was applied succeeded.
 */
export function k8sRevisions({ ops }: { readonly ops: readonly string[] }): object {
  const ledger: LedgerEntry[] = []
  const log: object[] = []
  let isPaused = false
  const append = (templateHash: string, cause: LedgerEntry['cause']): string => {
    ledger.push({ number: nextNumber(ledger), templateHash, cause, outcome: 'succeeded' })
    return 'ok'
  }
  const undo = (number: number | undefined): string => {
    if (isPaused) return 'PausedRefused'
    const target = undoTarget(ledger, latestEntry(ledger)?.templateHash ?? '', number)
    if (target.kind === 'nothing') return 'NoHistory'
    if (
      target.kind === 'not-found' ||
      newestOf(ledger, target.entry.templateHash) !== (number ?? target.entry.number)
    )
      return 'RevisionNotFound'
    return target.kind === 'current' ? 'SkippedSameTemplate' : append(target.entry.templateHash, 'undo')
  }
  for (const op of ops) {
    const [verb, of] = op.split(':')
    let res = 'ok'
    if (verb === 'apply' && of !== latestEntry(ledger)?.templateHash) res = append(of ?? '', 'update')
    if (verb === 'undo') res = undo(of === undefined || of === '0' ? undefined : Number(of))
    if (verb === 'pause' || verb === 'resume') isPaused = verb === 'pause'
    const current = latestEntry(ledger)
    log.push({ op, res, current: `${current?.templateHash}@${current?.number}` })
  }
  const revisions: Record<string, number> = {}
  const history: Record<string, number[]> = {}
  for (const { templateHash, number } of ledger) {
    const before = revisions[templateHash]
    history[templateHash] = [...(history[templateHash] ?? []), ...(before === undefined ? [] : [before])]
    revisions[templateHash] = number
  }
  return { log, revisions, history }
}

function newestOf(ledger: readonly LedgerEntry[], templateHash: string): number | undefined {
  return ledger.findLast(entry => entry.templateHash === templateHash)?.number
}

/** What follows from a hook of OpenShift: what our gate says; it has run again until its time was over for `Retry`. */
export function hookOutcome({ ok, policy }: { readonly ok: boolean; readonly policy: string }): string {
  const gate = { kind: 'hook', name: 'pre', ...(policy === 'Ignore' ? { ignoreFailure: true } : {}) } as const
  const answers = [{ gate: 'pre', answer: ok ? 'pass' : 'fail', by: 'rollout', atMs: 0 } as const]
  return judgeGate(gate, { sinceMs: 0, nowMs: 0, answers }).kind === 'pass' ? 'continue' : 'abort'
}

/** Who gets the replicas of a DeploymentConfig that is at rest: what our ledger calls stable. */
export function dcReconcile(input: {
  readonly replicas: number
  readonly test?: boolean
  readonly rcs: readonly { readonly v: number; readonly outcome: string }[]
}): Readonly<Record<string, number>> {
  const { replicas, test = false, rcs } = input
  const entries = rcs.map(({ v, outcome }): LedgerEntry => {
    return {
      number: v,
      templateHash: `${v}`,
      cause: 'update',
      outcome: outcome === 'Complete' ? 'succeeded' : 'failed',
    }
  })
  const active = test ? undefined : stableEntry(entries)?.number
  return Object.fromEntries(rcs.map(({ v }) => [v, v === active ? replicas : 0]))
}
