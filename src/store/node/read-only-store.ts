import { FoundKinds, onlookerEnv } from '../admin/found-kinds.js'
import type { StoreParts } from '../client/store-parts.js'
import type { Kind } from '../kind/kind.js'
import { readCheckpoint } from './checkpoint.js'
import type { StoreFiles } from './directory.js'
import { readDirectory } from './directory.js'
import type { Disk } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import type { JournalEntry } from './journal-entry.js'
import { keyOfChange } from './journal-entry.js'
import { readLog } from './log-reader.js'
import type { RecoveryPoint } from './recovery.js'
import { recover } from './recovery.js'
import { unsupportedDirectory } from './storage-errors.js'

/** A directory as it was read, by somebody who knows no kinds. */
export interface ReadStore {
  readonly files: StoreFiles
  readonly parts: StoreParts
  /** Bytes of a write that was cut off, at the end of the log. */
  readonly tornBytes: number
}

/**
 * Reads a directory, also one that is in use, and changes nothing. Kinds are made up from what is found.
 *
 * @param until what came later is left out
 * @throws KeelsonError `Corrupt`, `Unsupported`, `StorageFailed`, `Expired` for a point that is no longer there
 */
export async function readStore(
  disk: Disk,
  cipher: FrameCipher,
  until: RecoveryPoint = {},
): Promise<ReadStore> {
  const files = await readDirectory(disk)
  if (files === undefined)
    throw unsupportedDirectory(disk.path, 'it is empty', 'give the directory of a store')
  const env = onlookerEnv()
  const kinds = await kindsIn(disk, files, cipher)
  const { parts, torn, begin } = await recover(disk, files, { kinds, env, until }, cipher)
  begin()
  return { files, parts, tornBytes: torn?.bytes.length ?? 0 }
}

/** Every entry of the log that is there, in order. */
export async function visitLog(
  disk: Disk,
  { identity: { incarnation }, segments }: StoreFiles,
  cipher: FrameCipher,
  visit: (entry: JournalEntry, number: number) => void,
): Promise<void> {
  const known = (segments[0]?.first ?? 1) - 1
  await readLog({ disk, incarnation, cipher, segments, known, visit })
}

async function kindsIn(disk: Disk, files: StoreFiles, cipher: FrameCipher): Promise<readonly Kind[]> {
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
