import { formatTime, KeelsonError, systemEnv, UsageError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { StoreOptions } from '../client/memory-store.js'
import { STORE_NAMES } from '../client/memory-store.js'
import { DurableLog } from '../engine/durable-log.js'
import { assertWhole } from '../object/store-errors.js'
import { Checkpointer } from './checkpointer.js'
import { FORMAT_VERSION, readDirectory, writeIdentity } from './directory.js'
import type { Disk } from './disk.js'
import type { DurableStore } from './durable-store.js'
import { JournaledStore } from './durable-store.js'
import { fileDisk } from './file-disk.js'
import type { EncryptionKey } from './frame-cipher.js'
import { FrameCipher } from './frame-cipher.js'
import type { FsyncPolicy } from './journal.js'
import { Journal } from './journal.js'
import type { TornTail } from './log-reader.js'
import { LogWriter } from './log-writer.js'
import { recover } from './recovery.js'

/** What a durable store is made from. */
export interface OpenStoreOptions extends StoreOptions {
  /** The directory that holds it; made if it is not there. Its path has at most 80 bytes; a relative one is shorter. */
  readonly dir: string
  /** When a write is acknowledged. Default `always`: when it is on the disk. */
  readonly fsync?: FsyncPolicy
  /** How long an acknowledged write may wait for the disk with `interval`, ms ≥ 1. Default 100. */
  readonly fsyncIntervalMs?: number
  /** How long a file of the log may become, bytes ≥ 4,096. Default 16 MiB. */
  readonly segmentBytes?: number
  /**
   * How much of the log is written between two checkpoints, bytes ≥ 1, and at least as much as the last one had. A checkpoint has
   * all objects; what the log has before it is removed when `logCapacity` no longer needs it. Default 64 MiB.
   */
  readonly checkpointBytes?: number
  /**
   * Encrypts what is written, with AES-256-GCM: the first key writes, all read. Files that are there stay as they are until
   * `reencrypt()`. Default: nothing is encrypted.
   */
  readonly encryption?: { readonly keys: readonly EncryptionKey[] }
}

const FSYNC_INTERVAL_MS = 100
const SEGMENT_BYTES = 16_777_216
const CHECKPOINT_BYTES = 67_108_864
/** A clock may be set back by so much; more is a clock that is wrong. */
const CLOCK_BACK_MAX_MS = 86_400_000
const SEGMENT_BYTES_MIN = 4_096

const OPEN_STORE_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<OpenStoreOptions>('openStore', {
  ...STORE_NAMES,
  dir: true,
  fsync: true,
  fsyncIntervalMs: true,
  segmentBytes: true,
  checkpointBytes: true,
  encryption: true,
})

/**
 * A store that lives in a directory: what `createStore` gives, with every commit in a journal. A write is acknowledged when
 * it is on the disk (see `fsync`); readers and watchers see it at once. Opened again, after whatever end, it has everything
 * that was acknowledged, under the same revisions; of what was not it has a part at most, whole transactions in
 * order. Watches continue with `since`, as far back as `logCapacity` says. Lifetimes are there with their full time.
 *
 * When the disk fails the store ends: watches end with `StorageFailed`, as does every later call.
 *
 * @throws UsageError for options that can never work, and when `kinds` lacks one that the directory has objects of;
 * KeelsonError `Locked`, `Corrupt`, `StorageFailed`; `Unsupported` for a directory of something else, or of a newer version;
 * `OutOfRange` when the clock is more than a day behind the newest write
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { defineKind } from 'keelson/store'
 * import { openStore } from 'keelson/store/node'
 *
 * const Widget = defineKind<{ size: number }>({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: false })
 * const dir = await mkdtemp(join(tmpdir(), 'widgets-'))
 * const store = await openStore({ kinds: [Widget], dir })
 * await store.create(Widget, { metadata: { name: 'a' }, spec: { size: 1 } })
 * await store.close()
 *
 * const again = await openStore({ kinds: [Widget], dir })
 * assert.equal(again.revision, 1)
 * assert.equal(again.get(Widget, { name: 'a' })?.spec.size, 1)
 * await again.close()
 * ```
 */
export async function openStore(options: OpenStoreOptions): Promise<DurableStore> {
  assertKnown(options, OPEN_STORE_OPTIONS)
  if (typeof options.dir !== 'string' || options.dir === '')
    throw new UsageError('openStore needs dir, the path of a directory', { dir: options.dir })
  return openStoreOn(fileDisk(options.dir), options)
}

/**
 * As `openStore`, on any disk.
 *
 * @internal
 */
export async function openStoreOn(disk: Disk, options: Omit<OpenStoreOptions, 'dir'>): Promise<DurableStore> {
  assertPolicy(options)
  await disk.prepare()
  const unlock = await disk.lock()
  try {
    return await openLocked(disk, options, unlock)
  } catch (error) {
    await unlock()
    throw error
  }
}

async function openLocked(
  disk: Disk,
  options: Omit<OpenStoreOptions, 'dir'>,
  unlock: () => Promise<void>,
): Promise<DurableStore> {
  const found = await readDirectory(disk)
  const { keys = [] } = options.encryption ?? {}
  const cipher = new FrameCipher(keys, (options.env ?? systemEnv).ids.next('opening'))
  const recovered = await recover(disk, found, options, cipher)
  const { parts, end, torn, unsynced } = recovered
  const { engine } = parts
  const { incarnation } = engine
  assertClock(disk.path, engine.env.clock.now(), recovered.newestMs)
  // First of all: what is written from now on is not for older versions.
  if ((found?.identity.version ?? 0) < FORMAT_VERSION) await writeIdentity(disk, incarnation)
  for (const name of found?.drafts ?? []) await disk.remove(name)
  if (torn !== undefined) await setAside(disk, torn)
  const log = new LogWriter(
    {
      disk,
      incarnation,
      cipher,
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      segments: recovered.segments,
      grown: bytes => checkpointer.grown(bytes),
    },
    end,
  )
  await log.begin(unsynced)
  const fsync = options.fsync ?? 'always'
  const journal = new Journal({
    env: engine.env,
    log,
    last: end.next - 1,
    fsync,
    durable: fsync === 'never' ? undefined : new DurableLog(engine.log),
    fsyncIntervalMs: options.fsyncIntervalMs ?? FSYNC_INTERVAL_MS,
    failed: error => {
      engine.env.logger.error({ err: error, dir: disk.path }, error.message)
      engine.close(error)
      void log.abandon().catch(() => {})
    },
  })
  const { checkpointBytes = CHECKPOINT_BYTES } = options
  const { checkpoints = [] } = found ?? {}
  const checkpointer = new Checkpointer({ disk, cipher, parts, journal, log, checkpoints, checkpointBytes })
  // Both at once: lifetimes begin here, and what ends them is kept.
  recovered.begin()
  engine.journal = journal
  for (const { kind } of engine.tables.all) {
    const secret = `${kind.apiVersion}/${kind.kind}`
    if (kind.secret && !recovered.secret.has(secret)) journal.note({ secret })
  }
  return new JournaledStore(parts, { dir: disk.path, journal, checkpointer, disk, cipher, unlock })
}

/** Lifetimes, grace periods and the times in objects would mean nothing. */
function assertClock(path: string, clockMs: number, newestMs: number): void {
  if (clockMs >= newestMs - CLOCK_BACK_MAX_MS) return
  throw new KeelsonError({
    code: 'OutOfRange',
    message:
      `the clock says ${formatTime(clockMs)}, and the newest write in ${path} is of ${formatTime(newestMs)}; ` +
      'set the clock right, then open the directory again; if it was wrong when that was written, ' +
      '`keelson-store migrate` makes a directory of this one that knows no time',
    details: { path, clockMs, newestMs },
  })
}

/** What cannot be read is kept beside the log, for those who want to look at it. */
async function setAside(disk: Disk, { segment, offset, bytes }: TornTail): Promise<void> {
  if (bytes.length > 0) {
    const copy = await disk.open(`torn-${segment.name}-${offset}`)
    try {
      await copy.write(bytes, 0)
      await copy.sync()
    } finally {
      await copy.close()
    }
  }
  if (offset === 0) await disk.remove(segment.name)
  await disk.sync()
}

function assertPolicy(options: Omit<OpenStoreOptions, 'dir'>): void {
  const { fsync, fsyncIntervalMs, segmentBytes, checkpointBytes } = options
  if (fsync !== undefined && !['always', 'interval', 'never'].includes(fsync))
    throw new UsageError(`fsync must be always, interval or never, not ${String(fsync)}`, { fsync })
  if (fsyncIntervalMs !== undefined) assertWhole('fsyncIntervalMs', fsyncIntervalMs)
  if (checkpointBytes !== undefined) assertWhole('checkpointBytes', checkpointBytes)
  if (segmentBytes === undefined) return
  assertWhole('segmentBytes', segmentBytes)
  if (segmentBytes < SEGMENT_BYTES_MIN)
    throw new UsageError(`segmentBytes must be at least ${SEGMENT_BYTES_MIN}, not ${segmentBytes}`, {
      segmentBytes,
    })
}
