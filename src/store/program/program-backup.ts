import { createReadStream } from 'node:fs'
import { open, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { systemEnv, UsageError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import type { Restored } from '../node/backup.js'
import { backupLines, restoreStore } from '../node/backup.js'
import { fileDisk, syncDirectory } from '../node/file-disk.js'
import type { EncryptionKey } from '../node/frame-cipher.js'
import { FrameCipher } from '../node/frame-cipher.js'
import { readStore } from '../node/read-only-store.js'
import { StorageFailedError } from '../node/storage-errors.js'
import { FutureRevisionError } from '../object/store-errors.js'
import type { LookedAt } from './look-commands.js'
import type { ProgramCommand } from './program-arguments.js'
import type { ProgramOutput } from './program-output.js'

/** After so many lines it is told how far it is. */
const LINES_PER_PROGRESS = 1_000

/** Writes a backup of what was read. */
export async function writeBackupFile(
  { parts }: LookedAt,
  { rest: [path = ''], json }: ProgramCommand,
  out: ProgramOutput,
): Promise<number> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw new StorageFailedError('making', path, error)
  })
  let lines = 0
  try {
    try {
      for await (const line of counted(parts, out)) {
        await file.appendFile(`${line}\n`)
        lines++
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await syncDirectory(dirname(path))
  } catch (error) {
    // A part of a backup is none, and its name is wanted for the next attempt.
    await unlink(path).catch(() => {})
    throw new StorageFailedError('saving', path, error)
  }
  const { revision } = parts.engine
  out.line(json ? JSON.stringify({ revision, lines }) : `revision ${revision}: ${lines} lines in ${path}`)
  return 0
}

/** Makes a store of a backup, or of a directory as it was. */
export async function restoreFile(
  command: ProgramCommand,
  keys: readonly EncryptionKey[],
  restoring: Restoring,
): Promise<number> {
  const { out } = restoring
  const {
    rest: [path = ''],
    at: revision,
    atMs: timeMs,
  } = command
  const found = await stat(path).catch((error: unknown) => {
    throw new StorageFailedError('reading', path, error)
  })
  if (found.isDirectory()) return restoreFrom(command, keys, restoring)
  if (revision !== undefined || timeMs !== undefined)
    throw new UsageError(
      `--at needs the directory of a store, and ${path} is a file: a backup has one revision`,
      {
        path,
      },
    )
  let read = 0
  const input = createReadStream(path)
  const opened = new Promise<void>((resolve, reject) => {
    input.once('open', () => resolve())
    input.once('error', error => reject(new StorageFailedError('reading', path, error)))
  })
  await opened
  input.on('data', chunk => {
    read += chunk.length
    out.progress?.(read, found.size)
  })
  return restored(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), restoring)
}

/** Makes a store of a directory, as it was at a point of its log. */
async function restoreFrom(
  { rest: [path = ''], at: revision, atMs: timeMs }: ProgramCommand,
  keys: readonly EncryptionKey[],
  restoring: Restoring,
): Promise<number> {
  const until = {
    ...(revision === undefined ? {} : { revision }),
    ...(timeMs === undefined ? {} : { timeMs }),
  }
  const { parts } = await readStore(fileDisk(path), new FrameCipher(keys, ''), { until })
  if (revision !== undefined && revision > parts.engine.revision)
    throw new FutureRevisionError(revision, parts.engine.revision)
  return restored(counted(parts, restoring.out), restoring)
}

/** Writes what was read in another place. */
export function copyBackup({ parts }: LookedAt, restoring: Restoring): Promise<number> {
  return restored(counted(parts, restoring.out), restoring)
}

/** The lines of a backup; tells how far it is. */
async function* counted(parts: StoreParts, out: ProgramOutput): AsyncIterable<string> {
  const total = parts.engine.tables.all.reduce((sum, table) => sum + table.countObjects(), 0)
  let lines = 0
  for await (const line of backupLines(parts)) {
    if (++lines % LINES_PER_PROGRESS === 0) out.progress?.(lines, total)
    yield line
  }
  out.progress?.(total, total)
}

/** Where a store is restored, and what tells of it. */
export interface Restoring {
  /** For people. */
  readonly place: string
  readonly restore: (lines: AsyncIterable<string>) => Promise<Restored>
  readonly json: boolean
  readonly out: ProgramOutput
}

/** Into an empty directory. */
export function intoDirectory(
  dir: string,
  keys: readonly EncryptionKey[],
  { json, out }: Pick<Restoring, 'json' | 'out'>,
): Restoring {
  const restore: Restoring['restore'] = lines =>
    restoreStore({ dir, lines, env: systemEnv, encryption: { keys } })
  return { place: dir, restore, json, out }
}

async function restored(
  lines: AsyncIterable<string>,
  { place, restore, json, out }: Restoring,
): Promise<number> {
  const result = await restore(lines)
  const { revision, objects, incarnation } = result
  out.line(
    json
      ? JSON.stringify(result)
      : `revision ${revision}: ${objects} objects in ${place}, incarnation ${incarnation}`,
  )
  return 0
}
