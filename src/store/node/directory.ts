import { isRecord } from '../../core/internal.js'
import { isLockName } from './directory-lock.js'
import type { Disk } from './disk.js'
import { DRAFT_SUFFIX, writeWhole } from './disk.js'
import { CorruptError, unsupportedDirectory } from './storage-errors.js'

/** The version of everything in a directory. Format 1 has every state of an object as a whole; it is read as what it is. */
export const FORMAT_VERSION = 2

const IDENTITY = 'store.json'
const FORMAT = 'keelson-store'
const SEGMENT = /^log-(\d{16})$/
const CHECKPOINT = /^checkpoint-(\d{16})-(\d{16})$/

/** What a directory is. */
export interface Identity {
  readonly format: typeof FORMAT
  readonly version: number
  /** Names the history in it. */
  readonly incarnation: string
}

/** The files of a store. */
export interface StoreFiles {
  readonly identity: Identity
  /** Names of the files of the log by the number of their first entry, ascending. */
  readonly segments: readonly LogFile[]
  /** Oldest first. */
  readonly checkpoints: readonly CheckpointFile[]
  /** Names of what was not completed. */
  readonly drafts: readonly string[]
}

/** A file that has the place of the log up to an entry. */
export interface CheckpointFile {
  readonly name: string
  /** The last entry whose effect is in it. */
  readonly entry: number
  readonly revision: number
}

export interface LogFile {
  readonly name: string
  readonly first: number
}

export function segmentName(first: number): string {
  return `log-${String(first).padStart(16, '0')}`
}

/** The file of a checkpoint. */
export function checkpointFile(entry: number, revision: number): CheckpointFile {
  const digits = [entry, revision].map(number => String(number).padStart(16, '0'))
  return { name: `checkpoint-${digits.join('-')}`, entry, revision }
}

/**
 * What is in the directory; undefined for an empty one. Reads only.
 *
 * @throws KeelsonError `Unsupported` for what is no store, or one of a newer version; CorruptError
 */
export async function readDirectory(disk: Disk): Promise<StoreFiles | undefined> {
  const all = (await disk.list()).filter(name => !isLockName(name))
  const names = all.filter(name => !name.endsWith(DRAFT_SUFFIX))
  if (!names.includes(IDENTITY)) {
    // Whoever is taken for empty is begun with; what was to be there is missed later, if at all.
    if (all.some(name => SEGMENT.test(name) || CHECKPOINT.test(name.replace(DRAFT_SUFFIX, ''))))
      throw new CorruptError(
        disk.path,
        `${IDENTITY} is missing beside files of a store, as a restore or a copy leaves it that was cut short; ` +
          'then empty the directory, and begin that again',
      )
    if (names.length === 0) return undefined
    throw unsupportedDirectory(
      disk.path,
      `it has files that are not of a store (${names.slice(0, 3).join(', ')})`,
      'choose an empty directory, or that of a store',
    )
  }
  const identity = await readIdentity(disk)
  const numbered = (pattern: RegExp): readonly (readonly number[])[] =>
    names
      .flatMap(name => {
        const numbers = pattern.exec(name)?.slice(1).map(Number)
        return numbers === undefined ? [] : [numbers]
      })
      .toSorted(([a = 0], [b = 0]) => a - b)
  return {
    identity,
    segments: numbered(SEGMENT).map(([first = 0]) => ({ name: segmentName(first), first })),
    checkpoints: numbered(CHECKPOINT).map(([entry = 0, revision = 0]) => checkpointFile(entry, revision)),
    drafts: all.filter(name => name.endsWith(DRAFT_SUFFIX)),
  }
}

/** Makes an empty directory that of a store. */
export async function writeIdentity(disk: Disk, incarnation: string): Promise<Identity> {
  const identity: Identity = { format: FORMAT, version: FORMAT_VERSION, incarnation }
  await writeWhole(disk, IDENTITY, file => file.write(Buffer.from(`${JSON.stringify(identity)}\n`), 0))
  return identity
}

async function readIdentity(disk: Disk): Promise<Identity> {
  const path = `${disk.path}/${IDENTITY}`
  const found = parsed((await disk.read(IDENTITY)).toString('utf8'))
  if (!isRecord(found)) throw new CorruptError(path, 'it is not a JSON object')
  const { format, version, incarnation } = found
  if (format !== FORMAT)
    throw unsupportedDirectory(disk.path, `${IDENTITY} is not of a store`, 'choose another directory')
  if (typeof version !== 'number' || typeof incarnation !== 'string' || incarnation === '')
    throw new CorruptError(path, 'it has no version, or no incarnation')
  if (version > FORMAT_VERSION)
    throw unsupportedDirectory(
      disk.path,
      `it is in format ${version}, and this version reads formats up to ${FORMAT_VERSION}`,
      'use the version of keelson that has written it, or a newer one',
    )
  return { format: FORMAT, version, incarnation }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
