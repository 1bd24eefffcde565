import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { systemEnv, UsageError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import { backupLines, restoreStore } from '../node/backup.js'
import { fileDisk } from '../node/file-disk.js'
import type { EncryptionKey } from '../node/frame-cipher.js'
import { FrameCipher } from '../node/frame-cipher.js'
import type { ReadStore } from '../node/read-only-store.js'
import { readStore } from '../node/read-only-store.js'
import { StorageFailedError } from '../node/storage-errors.js'
import { FutureRevisionError } from '../object/store-errors.js'
import type { ProgramCommand } from './program-arguments.js'
import type { ProgramOutput } from './program-output.js'

/** After so many lines it is told how far it is. */
const LINES_PER_PROGRESS = 1_000

/** Writes a backup of what was read. */
export async function writeBackupFile(
  { parts }: ReadStore,
  { rest: [path = ''], json }: ProgramCommand,
  out: ProgramOutput,
): Promise<number> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw new StorageFailedError('making', path, error)
  })
  let lines = 0
  try {
    for await (const line of counted(parts, out)) {
      await file.appendFile(`${line}\n`)
      lines++
    }
    await file.sync()
  } catch (error) {
    throw new StorageFailedError('writing', path, error)
  } finally {
    await file.close()
  }
  const { revision } = parts.engine
  out.line(json ? JSON.stringify({ revision, lines }) : `revision ${revision}: ${lines} lines in ${path}`)
  return 0
}

/** Makes a directory of a backup, or of another directory as it was. */
export async function restoreFile(
  command: ProgramCommand,
  keys: readonly EncryptionKey[],
  out: ProgramOutput,
): Promise<number> {
  const {
    dir,
    rest: [path = ''],
    json,
    at: revision,
    atMs: timeMs,
  } = command
  const found = await stat(path).catch((error: unknown) => {
    throw new StorageFailedError('reading', path, error)
  })
  if (found.isDirectory()) return restoreFrom(command, keys, out)
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
  return restored(dir, createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), { json, keys, out })
}

/** Makes a directory of another one, as it was at a point of its log. */
async function restoreFrom(
  { dir, rest: [path = ''], json, at: revision, atMs: timeMs }: ProgramCommand,
  keys: readonly EncryptionKey[],
  out: ProgramOutput,
): Promise<number> {
  const until = {
    ...(revision === undefined ? {} : { revision }),
    ...(timeMs === undefined ? {} : { timeMs }),
  }
  const { parts } = await readStore(fileDisk(path), new FrameCipher(keys, ''), until)
  if (revision !== undefined && revision > parts.engine.revision)
    throw new FutureRevisionError(revision, parts.engine.revision)
  return restored(dir, counted(parts, out), { json, keys, out })
}

/** Writes a store anew in another directory. */
export async function copyBackup(
  { parts }: ReadStore,
  { rest: [target = ''], json }: ProgramCommand,
  { keys, out }: { readonly keys: readonly EncryptionKey[]; readonly out: ProgramOutput },
): Promise<number> {
  return restored(target, counted(parts, out), { json, keys, out })
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

interface Restoring {
  readonly json: boolean
  readonly keys: readonly EncryptionKey[]
  readonly out: ProgramOutput
}

async function restored(
  dir: string,
  lines: AsyncIterable<string>,
  { json, keys, out }: Restoring,
): Promise<number> {
  const result = await restoreStore({ dir, lines, env: systemEnv, encryption: { keys } })
  const { revision, objects, incarnation } = result
  out.line(
    json
      ? JSON.stringify(result)
      : `revision ${revision}: ${objects} objects in ${dir}, incarnation ${incarnation}`,
  )
  return 0
}
