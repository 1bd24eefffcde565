import { createHash } from 'node:crypto'
import type { Env } from '../../core/index.js'
import { formatTime, KeelsonError, systemEnv, UsageError } from '../../core/index.js'
import { assertKnown, isRecord, knownOptions } from '../../core/internal.js'
import type { StoreParts } from '../client/store-parts.js'
import type { JournalNote } from '../engine/commit-journal.js'
import type { SavedVersion } from './checkpoint.js'
import { savedPages, secretNotes, writeFirstCheckpoint } from './checkpoint.js'
import { FORMAT_VERSION, readDirectory, writeIdentity } from './directory.js'
import type { Disk } from './disk.js'
import { fileDisk } from './file-disk.js'
import type { EncryptionKey } from './frame-cipher.js'
import { FrameCipher } from './frame-cipher.js'
import { CorruptError, unsupportedDirectory } from './storage-errors.js'

const FORMAT = 'keelson-backup'
/** Of a backup; it has every object as a whole. */
const BACKUP_VERSION = 1

/**
 * Everything as it is now, as lines of JSON: a head, each object with its revisions, each lifetime, and an end with the SHA-256 of
 * what is before it. Writes go on meanwhile and are not in it. Secrets are in it.
 */
export async function* backupLines(parts: StoreParts): AsyncIterable<string> {
  const { engine, lifetimes } = parts
  const { revision, incarnation } = engine
  const notes = [...lifetimes.notes(), ...secretNotes(parts)]
  const hash = createHash('sha256')
  const hashed = (json: object): string => {
    const line = JSON.stringify(json)
    hash.update(`${line}\n`)
    return line
  }
  engine.history.pin(revision)
  try {
    const time = formatTime(engine.env.clock.now())
    yield hashed({ format: FORMAT, version: BACKUP_VERSION, incarnation, revision, time })
    let objects = 0
    for (const page of savedPages(parts, revision, () => false)) {
      engine.assertOpen()
      for (const version of page) yield hashed(version)
      objects += page.length
    }
    for (const note of notes) yield hashed({ note })
    yield JSON.stringify({ objects, sha256: hash.digest('hex') })
  } finally {
    if (engine.history.release(revision)) engine.compactor.cutFree()
  }
}

/** Where a backup goes. */
export interface RestoreOptions {
  /** A directory that is empty, or not there. */
  readonly dir: string
  /** The lines of a backup, as `backup` gave them. */
  readonly lines: AsyncIterable<string> | Iterable<string>
  /** Default: the real world. */
  readonly env?: Env
  /** As for `openStore`. Default: nothing is encrypted. */
  readonly encryption?: { readonly keys: readonly EncryptionKey[] }
}

const RESTORE_OPTIONS = /* @__PURE__ */ knownOptions<RestoreOptions>('restoreStore', {
  dir: true,
  lines: true,
  env: true,
  encryption: true,
})

/** What was restored. */
export interface Restored {
  readonly revision: number
  readonly objects: number
  /** The new name of the history. */
  readonly incarnation: string
}

/**
 * Makes a directory of a backup: the same objects under the same revisions, with a new incarnation, so that continue tokens of the
 * store that was backed up are refused. What a watch had seen beyond the backup never happened in it: watches begin again.
 *
 * @throws UsageError for a directory that holds something; KeelsonError `Corrupt` for a backup that is not whole, `Unsupported` for
 * one of a newer version, `StorageFailed`, `Locked`
 */
export async function restoreStore(options: RestoreOptions): Promise<Restored> {
  assertKnown(options, RESTORE_OPTIONS)
  return restoreStoreOn(fileDisk(options.dir), options)
}

/**
 * As `restoreStore`, on any disk.
 *
 * @internal
 */
export async function restoreStoreOn(disk: Disk, options: Omit<RestoreOptions, 'dir'>): Promise<Restored> {
  const { lines, env = systemEnv, encryption } = options
  const cipher = new FrameCipher(encryption?.keys ?? [], env.ids.next('opening'))
  const { revision, versions, notes } = await readBackup(lines)
  await disk.prepare()
  const unlock = await disk.lock()
  try {
    if ((await readDirectory(disk)) !== undefined)
      throw new UsageError(`${disk.path} holds a store already; restore into an empty directory`, {
        path: disk.path,
      })
    const incarnation = `${env.ids.next('store')}-restored`
    const head = { version: FORMAT_VERSION, incarnation, entry: 0, revision, timeMs: env.clock.now() }
    // Without its identity the directory is none, so a restore that is cut short is noticed.
    await writeFirstCheckpoint(disk, { head, versions, notes }, cipher)
    await writeIdentity(disk, incarnation)
    return { revision, objects: versions.length, incarnation }
  } finally {
    await unlock()
  }
}

/** What a backup holds. */
export interface Backup {
  readonly revision: number
  readonly versions: readonly SavedVersion[]
  readonly notes: readonly JournalNote[]
}

/** @throws KeelsonError `Corrupt`, `Unsupported` */
export async function readBackup(lines: RestoreOptions['lines']): Promise<Backup> {
  const hash = createHash('sha256')
  const versions: SavedVersion[] = []
  const notes: JournalNote[] = []
  let revision: number | undefined
  let number = 0
  for await (const line of lines) {
    number++
    const json = parsedLine(line, number)
    if (revision === undefined) revision = revisionOf(json)
    else if ('sha256' in json) {
      const { objects, sha256 } = json
      if (objects !== versions.length || sha256 !== hash.digest('hex'))
        throw new CorruptError('the backup', `line ${number}: what it holds is not what was written`)
      return { revision, versions, notes }
    } else if ('note' in json) notes.push(json['note'] as JournalNote)
    else versions.push(json as unknown as SavedVersion)
    hash.update(`${line}\n`)
  }
  throw new CorruptError('the backup', `it ends after line ${number}, and its last line is missing`)
}

function parsedLine(line: string, number: number): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(line)
    if (isRecord(json)) return json
  } catch {
    // Told below.
  }
  throw new CorruptError('the backup', `line ${number} is not a JSON object`)
}

function revisionOf({ format, version, revision }: Record<string, unknown>): number {
  if (format !== FORMAT)
    throw new KeelsonError({
      code: 'Unsupported',
      message:
        'these lines are not a backup of a store; give the file that `keelson-store backup` has written',
    })
  if (typeof version !== 'number' || version > BACKUP_VERSION)
    throw unsupportedDirectory('the backup', `it is in format ${String(version)}`, 'use a newer version')
  if (typeof revision !== 'number') throw new CorruptError('the backup', 'its head has no revision')
  return revision
}
