import type { StoreOptions } from '../client/memory-store.js'
import { engineFor, LOG_CAPACITY_DEFAULT } from '../client/memory-store.js'
import type { StoreParts } from '../client/store-parts.js'
import { storeParts } from '../client/store-parts.js'
import { ExpiredError } from '../object/store-errors.js'
import type { Checkpoint } from './checkpoint.js'
import { readCheckpoint } from './checkpoint.js'
import type { CheckpointFile, LogFile, StoreFiles } from './directory.js'
import type { Disk } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import type { JournalEntry } from './journal-entry.js'
import type { ReadLog } from './log-reader.js'
import { readLog } from './log-reader.js'
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
  disk: Disk,
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
  const { until = {} } = options
  const base = await baseOf(found, options.logCapacity ?? LOG_CAPACITY_DEFAULT, until, file =>
    readCheckpoint(disk, file, incarnation, cipher),
  )
  const start = base === undefined ? {} : { start: base.head.revision }
  const parts = storeParts(engineFor(options, { incarnation, ...start }))
  const replay = new Replay(parts, disk.path)
  if (base !== undefined) replay.begin(base)
  const known = base?.head.entry ?? 0
  const { segments } = found
  let isOver = false
  const visit = (entry: JournalEntry, number: number): void => {
    isOver ||= isBeyond(until, entry)
    if (!isOver) replay.take(entry, number)
  }
  const read = await readLog({ disk, incarnation, cipher, segments, known, visit })
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

/**
 * Where to begin: as late as possible, and so early that the log comes out as long as it may be; before the point that is
 * wanted. Undefined: with the first entry of all.
 */
async function baseOf(
  { checkpoints, segments }: StoreFiles,
  logCapacity: number,
  until: RecoveryPoint,
  read: (file: CheckpointFile) => Promise<Checkpoint>,
): Promise<Checkpoint | undefined> {
  const newest = Math.min(checkpoints.at(-1)?.revision ?? 0, until.revision ?? Number.POSITIVE_INFINITY)
  const [first] = checkpoints
  // A restored store begins with a checkpoint, and with no entry.
  const isWhole = segments[0]?.first === 1 && first?.entry !== 0
  const late = checkpoints.filter(({ revision }) => revision <= newest - logCapacity)
  const possible = isWhole || first === undefined ? late : late.length === 0 ? [first] : late
  for (const file of possible.toReversed()) {
    const checkpoint = await read(file)
    if (!isBeyond(until, checkpoint.head)) return checkpoint
  }
  if (isWhole || first === undefined) return undefined
  throw new ExpiredError(until.revision ?? 0, first.revision, {
    message: `the directory knows nothing that is older than revision ${first.revision}; choose a later point, or a backup`,
  })
}

function isBeyond(
  until: RecoveryPoint,
  { revision = 0, timeMs }: Pick<JournalEntry, 'revision' | 'timeMs'>,
): boolean {
  const { revision: last, timeMs: lastMs } = until
  return (last !== undefined && revision > last) || (lastMs !== undefined && timeMs > lastMs)
}
