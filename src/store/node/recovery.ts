import type { StoreOptions } from '../client/memory-store.js'
import { engineFor, LOG_CAPACITY_DEFAULT } from '../client/memory-store.js'
import type { StoreParts } from '../client/store-parts.js'
import { storeParts } from '../client/store-parts.js'
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

/**
 * Makes an engine of what a directory holds. Reads only.
 *
 * @throws as `openStore`
 */
export async function recover(
  disk: Disk,
  found: StoreFiles | undefined,
  options: StoreOptions,
  cipher: FrameCipher,
): Promise<Recovered> {
  if (found === undefined) {
    const end = { segment: undefined, position: 0, checksum: 0, next: 1 }
    const nothing = { torn: undefined, unsynced: Buffer.alloc(0), segments: [], secret: new Set<string>() }
    return { parts: storeParts(engineFor(options)), end, begin: () => {}, newestMs: 0, ...nothing }
  }
  const { incarnation } = found.identity
  const file = baseOf(found, options.logCapacity ?? LOG_CAPACITY_DEFAULT)
  const base = file === undefined ? undefined : await readCheckpoint(disk, file, incarnation, cipher)
  const start = base === undefined ? {} : { start: base.head.revision }
  const parts = storeParts(engineFor(options, { incarnation, ...start }))
  const replay = new Replay(parts, disk.path)
  if (base !== undefined) replay.begin(base)
  const known = base?.head.entry ?? 0
  const { segments } = found
  const visit = (entry: JournalEntry, number: number): void => replay.take(entry, number)
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
 * Where to begin: as late as possible, and so early that the log comes out as long as it may be. Undefined: with the
 * first entry of all.
 */
function baseOf({ checkpoints, segments }: StoreFiles, logCapacity: number): CheckpointFile | undefined {
  const newest = checkpoints.at(-1)?.revision ?? 0
  const late = checkpoints.findLast(({ revision }) => revision <= newest - logCapacity)
  // A restored store begins with a checkpoint, and with no entry.
  const [first] = checkpoints
  const isWhole = segments[0]?.first === 1 && first?.entry !== 0
  return late ?? (isWhole ? undefined : first)
}
