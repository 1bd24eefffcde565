import { FoundKinds, onlookerEnv } from '../admin/found-kinds.js'
import type { StoreParts } from '../client/store-parts.js'
import type { Kind } from '../kind/kind.js'
import { readCheckpoint } from './checkpoint.js'
import type { StoreFiles } from './directory.js'
import { readDirectory } from './directory.js'
import type { Disk, HeldFiles, ReadableFiles } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import type { JournalEntry } from './journal-entry.js'
import { keyOfChange } from './journal-entry.js'
import { readLog } from './log-reader.js'
import type { RecoveryPoint } from './recovery.js'
import { recover } from './recovery.js'
import { isMissingFile, unsupportedDirectory } from './storage-errors.js'

/** A directory as it was read, by somebody who knows no kinds. */
export interface ReadStore {
  readonly files: StoreFiles
  readonly parts: StoreParts
  /** Bytes of a write that was cut off, at the end of the log. */
  readonly tornBytes: number
}

/** How much of a directory is read. */
export interface ReadStoreOptions {
  /** What came later is left out. */
  readonly until?: RecoveryPoint
  /** How many revisions can be asked for: as `openStore`. Every one that is there: `Number.MAX_SAFE_INTEGER`. */
  readonly logCapacity?: number
}

/**
 * Reads a directory, also one that is in use, and changes nothing. Kinds are made up from what is found.
 *
 * @throws KeelsonError `Corrupt`, `Unsupported`, `StorageFailed`, `Expired` for a point that is no longer there
 */
export function readStore(
  disk: Disk,
  cipher: FrameCipher,
  options: ReadStoreOptions = {},
): Promise<ReadStore> {
  return withFiles(disk, async (held, files) => {
    const env = onlookerEnv()
    const kinds = await kindsIn(held, files, cipher)
    const { parts, torn, begin } = await recover(held, files, { kinds, env, ...options }, cipher)
    begin()
    return { files, parts, tornBytes: torn?.bytes.length ?? 0 }
  })
}

/**
 * Every entry of the log of a directory, also of one that is in use, in order.
 *
 * @throws as `readStore`
 */
export function readEntries(
  disk: Disk,
  cipher: FrameCipher,
  visit: (entry: JournalEntry, number: number) => void,
): Promise<void> {
  return withFiles(disk, (held, files) => visitLog(held, files, cipher, visit))
}

/** So often files can be removed between two looks. */
const LOOKS_MAX = 20

/** Reads files of one moment: a store that removes some meanwhile, because it has written others, takes none away. */
async function withFiles<T>(
  disk: Disk,
  read: (held: HeldFiles, files: StoreFiles) => Promise<T>,
): Promise<T> {
  for (let look = 1; ; look++) {
    const files = await readDirectory(disk)
    if (files === undefined)
      throw unsupportedDirectory(disk.path, 'it is empty', 'give the directory of a store')
    const names = [...files.checkpoints, ...files.segments].map(({ name }) => name)
    const held = await disk.hold(names).catch((error: unknown) => {
      if (look < LOOKS_MAX && isMissingFile(error)) return undefined
      throw error
    })
    if (held === undefined) continue
    try {
      return await read(held, files)
    } finally {
      await held.close()
    }
  }
}

async function visitLog(
  disk: ReadableFiles,
  { identity: { incarnation }, segments }: StoreFiles,
  cipher: FrameCipher,
  visit: (entry: JournalEntry, number: number) => void,
): Promise<void> {
  const known = (segments[0]?.first ?? 1) - 1
  await readLog({ disk, incarnation, cipher, segments, known, visit })
}

async function kindsIn(
  disk: ReadableFiles,
  files: StoreFiles,
  cipher: FrameCipher,
): Promise<readonly Kind[]> {
  const kinds = new FoundKinds()
  const seeNotes = (notes: JournalEntry['notes'] = []): void => {
    for (const note of notes) if ('secret' in note) kinds.seeSecret(note.secret)
  }
  for (const file of files.checkpoints) {
    const { incarnation } = files.identity
    const notes = await readCheckpoint({ disk, file, incarnation, cipher }, () => ({ object }) => {
      kinds.see(object.apiVersion, object.kind, object.metadata.namespace)
    })
    seeNotes(notes)
  }
  await visitLog(disk, files, cipher, ({ changes = [], notes }) => {
    for (const change of changes) {
      const [apiVersion, kind, namespace] = keyOfChange(change)
      kinds.see(apiVersion, kind, namespace)
    }
    seeNotes(notes)
  })
  return kinds.all
}
