import { formatTime } from '../../core/index.js'
import type { StoreOptions } from '../client/memory-store.js'
import { engineFor, LOG_CAPACITY_DEFAULT } from '../client/memory-store.js'
import type { StoreParts } from '../client/store-parts.js'
import { storeParts } from '../client/store-parts.js'
import { ExpiredError } from '../object/store-errors.js'
import type { CheckpointSource } from './checkpoint.js'
import { readCheckpoint } from './checkpoint.js'
import type { CheckpointFile, LogFile, StoreFiles } from './directory.js'
import type { ReadableFiles } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import type { JournalEntry } from './journal-entry.js'
import type { ReadLog } from './log-reader.js'
import { newestRevision, readLog } from './log-reader.js'
import { Replay } from './replay.js'

/** What was found in a directory. */
export interface Recovered extends ReadLog {
  readonly parts: StoreParts
  /** When the newest write was made, ms since 1970. */
  readonly newestMs: number
  /** Starts what goes on by itself. */
  readonly begin: () => void
  /** Kinds, as `apiVersion/kind`, that the directory knows to be secret. */
  readonly secret: ReadonlySet<string>
  readonly segments: readonly LogFile[]
}

/** The last of what is wanted: everything up to that revision, or up to that time, ms since 1970. */
export interface RecoveryPoint {
  readonly revision?: number
  readonly timeMs?: number
}

/**
 * Makes an engine of what a directory holds, up to a point or all of it. Reads only.
 *
 * @throws as `openStore`; ExpiredError for a point that is no longer there
 */
export async function recover(
  disk: ReadableFiles,
  found: StoreFiles | undefined,
  options: StoreOptions & { readonly until?: RecoveryPoint },
  cipher: FrameCipher,
): Promise<Recovered> {
  if (found === undefined) {
    const end = { segment: undefined, position: 0, checksum: 0, next: 1 }
    const nothing = { torn: undefined, unsynced: Buffer.alloc(0), segments: [], secret: new Set<string>() }
    return { parts: storeParts(engineFor(options)), end, begin: () => {}, newestMs: 0, ...nothing }
  }
  const { incarnation } = found.identity
  const { until = {}, logCapacity = LOG_CAPACITY_DEFAULT } = options
  const { segments } = found
  const place = { disk, incarnation, cipher }
  const begin = (start: { readonly start?: number }): Replay =>
    new Replay(storeParts(engineFor(options, { incarnation, ...start })), disk.path)
  const bases = basesOf(found, { logCapacity, until, newest: await newestRevision({ ...place, segments }) })
  const { replay, known } = await planted(found, bases, { place, until, begin })
  const { parts } = replay
  let isOver = false
  const visit = (entry: JournalEntry, number: number): void => {
    // Nothing was there before the first entry, but who asks for a time means what was there then.
    if (replay.newestMs === Number.NEGATIVE_INFINITY && isLater(until, entry))
      throw tooEarly(until, { revision: entry.revision ?? 0, timeMs: entry.timeMs })
    isOver ||= isBeyond(until, entry)
    if (!isOver) replay.take(entry, number)
  }
  const read = await readLog({ ...place, segments: segmentsAfter(known, segments), known, visit })
  // A file of which nothing is left is removed.
  const left = segments.filter(({ name }) => read.torn?.offset !== 0 || name !== read.torn.segment.name)
  return {
    parts,
    ...read,
    segments: left,
    begin: () => replay.end(),
    secret: replay.secret,
    newestMs: replay.newestMs,
  }
}

/** What the beginning of an engine is chosen by. */
interface Wanted {
  readonly logCapacity: number
  readonly until: RecoveryPoint
  /** The newest revision that the log has. */
  readonly newest: number
}

/** Checkpoints to begin with, the best one first: as late as possible, and so early that the log comes out as long as it may be. */
function basesOf(
  { checkpoints, segments }: StoreFiles,
  { logCapacity, until, newest }: Wanted,
): readonly CheckpointFile[] {
  const [first] = checkpoints
  const last = Math.min(
    Math.max(newest, checkpoints.at(-1)?.revision ?? 0),
    until.revision ?? Number.POSITIVE_INFINITY,
  )
  const late = checkpoints.filter(({ revision }) => revision <= last - logCapacity)
  if (late.length > 0 || first === undefined || isWhole({ checkpoints, segments })) return late.toReversed()
  return [first]
}

/** The files that have a later entry: a start needs no others. The last one is always among them. */
function segmentsAfter(known: number, segments: readonly LogFile[]): readonly LogFile[] {
  return segments.filter((_, index) => (segments[index + 1]?.first ?? Number.POSITIVE_INFINITY) > known + 1)
}

/** Whether the log has everything from the first entry on. A restored store begins with a checkpoint, and with no entry. */
function isWhole({ checkpoints, segments }: Pick<StoreFiles, 'checkpoints' | 'segments'>): boolean {
  const [first] = checkpoints
  return first === undefined || (segments[0]?.first === 1 && first.entry !== 0)
}

/**
 * Begins with the first of these checkpoints that is not beyond the point that is wanted, else with the first entry.
 *
 * @throws ExpiredError when the first entry is no longer there
 */
async function planted(
  found: StoreFiles,
  bases: readonly CheckpointFile[],
  {
    place,
    until,
    begin,
  }: {
    readonly place: Omit<CheckpointSource, 'file'>
    readonly until: RecoveryPoint
    readonly begin: (start: { readonly start?: number }) => Replay
  },
): Promise<{ readonly replay: Replay; readonly known: number }> {
  let earliest = { revision: 0, timeMs: 0 }
  for (const file of bases) {
    let replay: Replay | undefined
    const notes = await readCheckpoint({ ...place, file }, head => {
      earliest = head
      if (isBeyond(until, head)) return undefined
      const begun = begin({ start: head.revision })
      begun.begin(head.timeMs)
      replay = begun
      return version => begun.plant(version)
    })
    if (replay === undefined || notes === undefined) continue
    replay.notes(notes)
    return { replay, known: file.entry }
  }
  if (isWhole(found)) return { replay: begin({}), known: 0 }
  throw tooEarly(until, earliest)
}

/** The point is older than everything that is known. */
function tooEarly(
  { revision: wanted = 0 }: RecoveryPoint,
  { revision, timeMs }: { readonly revision: number; readonly timeMs: number },
): ExpiredError {
  const earliest = formatTime(timeMs)
  return new ExpiredError(wanted, revision, {
    message: `the directory knows nothing that is older than revision ${revision} of ${earliest}; choose a later point, or a backup`,
    earliest,
  })
}

function isBeyond(until: RecoveryPoint, entry: Pick<JournalEntry, 'revision' | 'timeMs'>): boolean {
  const { revision = 0 } = entry
  return (until.revision !== undefined && revision > until.revision) || isLater(until, entry)
}

function isLater(until: RecoveryPoint, { timeMs }: Pick<JournalEntry, 'timeMs'>): boolean {
  return until.timeMs !== undefined && timeMs > until.timeMs
}
