import { ClosedError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import type { StoreParts } from '../client/store-parts.js'
import type { JournalNote } from '../engine/commit-journal.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Version } from '../engine/version.js'
import { versionAt } from '../engine/version.js'
import type { JsonTable } from '../json/json-table.js'
import { jsonTable, visitTable } from '../json/json-table.js'
import { shareJson } from '../json/shared-json.js'
import type { StoredObject } from '../object/object.js'
import { ExpiredError } from '../object/store-errors.js'
import { listObjects } from '../read/list.js'
import type { Position } from '../read/list-order.js'
import { EVERYTHING } from '../read/query.js'
import type { CheckpointFile } from './directory.js'
import { checkpointFile, FORMAT_VERSION } from './directory.js'
import type { Disk, DiskFile, ReadableFiles } from './disk.js'
import { writeWhole } from './disk.js'
import { encodeFrame, FRAME_KINDS } from './frame.js'
import type { FrameCipher } from './frame-cipher.js'
import { FrameReader } from './frame-reader.js'
import { CorruptError, unsupportedDirectory } from './storage-errors.js'

/** What a checkpoint has the place of. */
export interface CheckpointHead extends Pick<CheckpointFile, 'entry' | 'revision'> {
  readonly version: number
  readonly incarnation: string
  /** When it was begun, ms since 1970. */
  readonly timeMs: number
}

/** A version without what came before it. */
export interface SavedVersion {
  readonly object: StoredObject
  readonly specRevision: number
  readonly statusRevision: number
  readonly createRevision: number
  /** How many revisions this life of the object has had. */
  readonly number: number
}

/** All that a checkpoint has. */
export interface Checkpoint {
  readonly head: CheckpointHead
  /** In the order of their keys, kind by kind. */
  readonly versions: Iterable<SavedVersion>
  /** Lifetimes, and what they keep. */
  readonly notes: readonly JournalNote[]
}

/** What is written at once. Making its text takes about half a millisecond; then others get their turn. */
const OBJECTS_PER_FRAME = 100

/** What a checkpoint is made from. */
export interface CheckpointOptions {
  readonly disk: Disk
  readonly cipher: FrameCipher
  readonly parts: StoreParts
  /** The last entry before it. */
  readonly entry: number
  /** Resolves when that entry is on the disk. */
  readonly settled: () => Promise<void>
  /** Asked now and then: whether it is of no use any more. */
  readonly ended: () => boolean
}

/**
 * Writes everything as it is now, while writes go on: what is pinned stays. The file has its name when it is whole.
 *
 * @returns its length
 * @throws ClosedError when it is of no use any more
 */
export async function writeCheckpoint(options: CheckpointOptions): Promise<number> {
  const { disk, parts, entry, settled } = options
  const { engine } = parts
  const { revision } = engine
  const notes = [...parts.lifetimes.notes(), ...secretNotes(parts)]
  const { name } = checkpointFile(entry, revision)
  engine.history.pinLasting(revision)
  try {
    const timeMs = engine.env.clock.now()
    const head = { version: FORMAT_VERSION, incarnation: engine.incarnation, entry, revision, timeMs }
    const target = { path: disk.path, incarnation: engine.incarnation, name, entry, cipher: options.cipher }
    const frames = framesOf(head, savedPages(parts, revision, options.ended), notes)
    return await writeWhole(disk, name, file => writeFrames(file, target, frames), settled)
  } finally {
    if (engine.history.releaseLasting(revision)) engine.compactor.cutFree()
  }
}

/** Writes a checkpoint that was made elsewhere, in a directory that holds nothing else. */
export async function writeFirstCheckpoint(
  disk: Disk,
  { head, versions, notes }: Checkpoint,
  cipher: FrameCipher,
): Promise<void> {
  const { name } = checkpointFile(head.entry, head.revision)
  const target = { path: disk.path, incarnation: head.incarnation, name, entry: head.entry, cipher }
  const frames = framesOf(head, pagesOf(versions), notes)
  await writeWhole(disk, name, file => writeFrames(file, target, frames))
}

function* pagesOf(versions: Iterable<SavedVersion>): Iterable<readonly SavedVersion[]> {
  let page: SavedVersion[] = []
  for (const version of versions) {
    page.push(version)
    if (page.length < OBJECTS_PER_FRAME) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

/** Which kinds are secret. */
export function secretNotes({ engine }: StoreParts): readonly JournalNote[] {
  return engine.tables.all.flatMap(({ kind }) =>
    kind.secret ? [{ secret: `${kind.apiVersion}/${kind.kind}` }] : [],
  )
}

async function writeFrames(
  file: DiskFile,
  { path, incarnation, name, entry, cipher }: Target,
  frames: Iterable<Part>,
): Promise<number> {
  let position = 0
  let previous = 0
  for (const { kind, json } of frames) {
    const text = Buffer.from(JSON.stringify(json))
    // The head tells whose file it is.
    const sealed = cipher.isSealing && kind !== FRAME_KINDS.head
    const payload = sealed ? cipher.seal(text, { path, incarnation, file: name, position }) : text
    const { bytes, size, checksum } = encodeFrame(
      { kind, sealed, first: entry, synced: 0, payload },
      previous,
    )
    await file.write(bytes, position)
    position += size
    previous = checksum
  }
  return position
}

/** Where frames are written. */
interface Target {
  readonly path: string
  readonly incarnation: string
  readonly name: string
  readonly entry: number
  readonly cipher: FrameCipher
}

interface Part {
  readonly kind: number
  readonly json: unknown
}

function* framesOf(
  head: CheckpointHead,
  pages: Iterable<readonly SavedVersion[]>,
  notes: readonly JournalNote[],
): Iterable<Part> {
  yield { kind: FRAME_KINDS.head, json: head }
  let objects = 0
  for (const page of pages) {
    yield { kind: FRAME_KINDS.objects, json: jsonTable(page) }
    objects += page.length
  }
  yield { kind: FRAME_KINDS.end, json: { objects, notes } }
}

/**
 * All versions of a pinned revision, a few hundred at a time; between two pages others may write.
 *
 * @throws ClosedError when it has ended, ExpiredError when the pin was given up
 */
export function* savedPages(
  { engine }: StoreParts,
  revision: number,
  ended: () => boolean,
): Iterable<readonly SavedVersion[]> {
  for (const table of engine.tables.all) {
    let after: Position | undefined
    for (;;) {
      if (ended()) throw new ClosedError('the store')
      if (engine.history.oldest > revision) throw new ExpiredError(revision, engine.history.oldest)
      const page = pageOf(table, revision, after)
      if (page.length > 0) yield page
      const last = page.at(-1)?.object.metadata
      if (last === undefined || page.length < OBJECTS_PER_FRAME) break
      after = { term: '', namespace: last.namespace ?? '', name: last.name }
    }
  }
}

function pageOf(table: KindTable, revision: number, after: Position | undefined): readonly SavedVersion[] {
  const range = { revision, limit: OBJECTS_PER_FRAME, ...(after === undefined ? {} : { after }) }
  return listObjects(table, EVERYTHING, range).map(object => {
    const entry = table.find(object.metadata.namespace, object.metadata.name)
    const version = entry === undefined ? undefined : versionAt(entry, revision)
    const { specRevision, statusRevision, createRevision, number } = version as Version
    return { object, specRevision, statusRevision, createRevision, number }
  })
}

/** Where a checkpoint is, and what is needed to read it. */
export interface CheckpointSource {
  readonly disk: ReadableFiles
  readonly file: CheckpointFile
  readonly incarnation: string
  readonly cipher: FrameCipher
}

/**
 * Reads a checkpoint, some objects at a time.
 *
 * @param begin is told the head, and says who takes the versions; undefined: nobody wants them
 * @returns the notes; undefined when nobody wanted it
 * @throws CorruptError, also when versions were taken already; KeelsonError `Unsupported`
 */
export async function readCheckpoint(
  { disk, file: { name, entry, revision }, incarnation, cipher }: CheckpointSource,
  begin: (head: CheckpointHead) => ((version: SavedVersion) => void) | undefined,
): Promise<readonly JournalNote[] | undefined> {
  const path = `${disk.path}/${name}`
  const reader = new FrameReader(disk, name)
  let take: ((version: SavedVersion) => void) | undefined
  for (let count = 0; ; ) {
    const { position } = reader
    const frame = await reader.next()
    if (frame === undefined) throw new CorruptError(path, 'a frame cannot be read', position)
    const place = { path: disk.path, incarnation, file: name, position }
    const text = frame.sealed ? cipher.open(frame.payload, place) : frame.payload
    const json: unknown = JSON.parse(text.toString('utf8'))
    if (frame.kind === FRAME_KINDS.head) {
      const head = headOf(json, path, incarnation)
      if (head.entry !== entry || head.revision !== revision)
        throw new CorruptError(path, `it is of entry ${head.entry} and revision ${head.revision}`, 0)
      take = begin(head)
      if (take === undefined) return undefined
    } else if (take === undefined) throw new CorruptError(path, 'it has no head', position)
    else if (frame.kind === FRAME_KINDS.objects) {
      count += readPage(json as JsonTable | readonly SavedVersion[], take)
    } else {
      const { objects, notes } = json as { readonly objects: number; readonly notes: readonly JournalNote[] }
      if (objects === count) return notes
      throw new CorruptError(path, `it has ${count} objects, and says ${objects}`, position)
    }
  }
}

/** Returns how many there are. In format 1 a page is a list. */
function readPage(page: JsonTable | readonly SavedVersion[], take: (version: SavedVersion) => void): number {
  if ('count' in page) {
    visitTable(page, take as (version: object) => void)
    return page.count
  }
  let last: SavedVersion | undefined
  for (const version of page) {
    last = shareJson(version, last) as SavedVersion
    take(last)
  }
  return page.length
}

function headOf(json: unknown, path: string, incarnation: string): CheckpointHead {
  if (!isRecord(json)) throw new CorruptError(path, 'it has no head', 0)
  const { version, entry, revision, timeMs } = json
  if (typeof version !== 'number' || version > FORMAT_VERSION)
    throw unsupportedDirectory(
      path,
      `it is in format ${String(version)}`,
      'use the version that has written it',
    )
  if (json['incarnation'] !== incarnation)
    throw new CorruptError(path, `it is of store ${String(json['incarnation'])}, not of ${incarnation}`, 0)
  if (typeof entry !== 'number' || typeof revision !== 'number' || typeof timeMs !== 'number')
    throw new CorruptError(path, 'its head lacks the entry, the revision or the time', 0)
  return { version, incarnation, entry, revision, timeMs }
}
