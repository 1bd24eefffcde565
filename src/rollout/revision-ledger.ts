/** How an entry fared. */
export type EntryOutcome = 'progressing' | 'succeeded' | 'failed' | 'superseded'

/** One line of a rollout's history. Written once; only the outcome changes. */
export interface LedgerEntry {
  /** Counts up from 1; never reused, never given to another entry. */
  readonly number: number
  /** Content hash of the template. */
  readonly templateHash: string
  readonly cause: 'update' | 'undo' | 'revert'
  /** The entry whose template this is again. */
  readonly from?: number
  readonly outcome: EntryOutcome
  /** Kept whatever the limit says. Default false. */
  readonly pinned?: boolean
  /** Somebody has let its template through although it failed. Default false. */
  readonly retried?: boolean
}

/** The newest entry. */
export function latestEntry<Entry extends LedgerEntry>(ledger: readonly Entry[]): Entry | undefined {
  return newestFirst(ledger)[0]
}

/** The newest entry that succeeded: what an automatic revert goes back to. */
export function stableEntry<Entry extends LedgerEntry>(ledger: readonly Entry[]): Entry | undefined {
  return newestFirst(ledger).find(entry => entry.outcome === 'succeeded')
}

/** The number of the next entry. */
export function nextNumber(ledger: readonly LedgerEntry[]): number {
  return (latestEntry(ledger)?.number ?? 0) + 1
}

/** Which outcomes may follow which: a failed entry may still succeed when it is tried again, nothing else changes. */
export function mayBecome(before: EntryOutcome, after: EntryOutcome): boolean {
  return before === 'progressing' ? after !== 'progressing' : before === 'failed' && after === 'succeeded'
}

/**
 * The newest entry of the template `templateHash` that failed and was reverted, unless another update has succeeded
 * since: who asks for that template again undoes the revert, and would do so for ever.
 */
export function refusedEntry<Entry extends LedgerEntry>(
  ledger: readonly Entry[],
  templateHash: string,
): Entry | undefined {
  const entries = newestFirst(ledger)
  if (entries[0]?.cause !== 'revert') return undefined
  const good = entries.findIndex(({ cause, outcome }) => cause !== 'revert' && outcome !== 'failed')
  const since = good === -1 ? entries : entries.slice(0, good)
  const failed = since.find(entry => entry.templateHash === templateHash && entry.outcome === 'failed')
  return failed?.retried === true ? undefined : failed
}

/** Where an undo leads, or why it leads nowhere. */
export type UndoTarget<Entry> =
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** There is no entry of that number. */
  | { readonly kind: 'not-found'; readonly number: number }
  /** The entry's template is the current one. */
  | { readonly kind: 'current'; readonly entry: Entry }
  /** No other template has ever succeeded. */
  | { readonly kind: 'nothing' }

/**
 * Chooses the entry to go back to: the one asked for, or the newest that succeeded with another template than the
 * current one.
 */
export function undoTarget<Entry extends LedgerEntry>(
  ledger: readonly Entry[],
  currentHash: string,
  toRevision?: number,
): UndoTarget<Entry> {
  if (toRevision !== undefined) {
    const entry = ledger.find(({ number }) => number === toRevision)
    if (entry === undefined) return { kind: 'not-found', number: toRevision }
    return entry.templateHash === currentHash ? { kind: 'current', entry } : { kind: 'entry', entry }
  }
  const other = newestFirst(ledger).find(
    entry => entry.outcome === 'succeeded' && entry.templateHash !== currentHash,
  )
  return other === undefined ? { kind: 'nothing' } : { kind: 'entry', entry: other }
}

/**
 * The entries that may be forgotten. Kept are: the newest; the newest that succeeded; the newest of each template in
 * `live`; those that are pinned; the newest `limit` others; and the newest `limit` others that succeeded, so that a row of failures cannot
 * push out the last good ones.
 */
export function forgettable<Entry extends LedgerEntry>(
  ledger: readonly Entry[],
  { live, limit }: { readonly live: ReadonlySet<string>; readonly limit: number },
): readonly Entry[] {
  const entries = newestFirst(ledger)
  const kept = new Set<Entry | undefined>([entries[0], stableEntry(ledger)])
  for (const entry of entries) if (entry.pinned === true) kept.add(entry)
  for (const hash of live) kept.add(entries.find(entry => entry.templateHash === hash))
  const old = entries.slice(1)
  for (const entry of old.slice(0, limit)) kept.add(entry)
  for (const entry of old.filter(({ outcome }) => outcome === 'succeeded').slice(0, limit)) kept.add(entry)
  return entries.filter(entry => !kept.has(entry)).reverse()
}

function newestFirst<Entry extends LedgerEntry>(ledger: readonly Entry[]): readonly Entry[] {
  return [...ledger].sort((a, b) => b.number - a.number)
}
