import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { systemEnv } from '../../core/index.js'
import { backupLines, restoreStore } from './backup.js'
import type { EncryptionKey } from './frame-cipher.js'
import type { ProgramCommand } from './program-arguments.js'
import type { ProgramOutput } from './program-output.js'
import type { ReadStore } from './read-only-store.js'
import { StorageFailedError } from './storage-errors.js'

/** After so many lines it is told how far it is. */
const LINES_PER_NOTE = 50_000

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
    for await (const line of backupLines(parts)) {
      await file.appendFile(`${line}\n`)
      if (++lines % LINES_PER_NOTE === 0) out.note(`${lines} lines`)
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

/** Makes a directory of a backup. */
export async function restoreFile(
  { dir, rest: [path = ''], json }: ProgramCommand,
  keys: readonly EncryptionKey[],
  out: ProgramOutput,
): Promise<number> {
  const input = createReadStream(path)
  const opened = new Promise<void>((resolve, reject) => {
    input.once('open', () => resolve())
    input.once('error', error => reject(new StorageFailedError('reading', path, error)))
  })
  await opened
  return restored(dir, createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), { json, keys, out })
}

/** Writes a store anew in another directory. */
export async function copyBackup(
  { parts }: ReadStore,
  { rest: [target = ''], json }: ProgramCommand,
  { keys, out }: { readonly keys: readonly EncryptionKey[]; readonly out: ProgramOutput },
): Promise<number> {
  return restored(target, backupLines(parts), { json, keys, out })
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
