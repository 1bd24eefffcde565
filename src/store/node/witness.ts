import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Env } from '../../core/index.js'
import { systemEnv, UsageError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { CheckpointFile, LogFile, StoreFiles } from './directory.js'
import { FORMAT_VERSION, readDirectory, writeIdentity } from './directory.js'
import type { Disk, DiskFile } from './disk.js'
import { writeWhole } from './disk.js'
import { fileDisk } from './file-disk.js'
import type { FollowedFrame } from './log-follower.js'
import { LogFollower } from './log-follower.js'
import { isMissingFile, unsupportedDirectory } from './storage-errors.js'

/** What is copied, and where to. */
export interface WitnessOptions {
  /** The directory of a store, open or not. */
  readonly dir: string
  /** A directory that is empty, or a copy of the same store. On another disk, or it is of little use. */
  readonly to: string
  /** How long to wait between two looks, ms ≥ 1. Default 100. */
  readonly intervalMs?: number
  /** Default: the real world. */
  readonly env?: Env
  /** Told once when the copy can no longer follow; then it has ended. */
  readonly failed?: (error: unknown) => void
}

const WITNESS_OPTIONS = /* @__PURE__ */ knownOptions<WitnessOptions>('startWitness', {
  dir: true,
  to: true,
  intervalMs: true,
  env: true,
  failed: true,
})

/** How far a copy is behind. */
export interface WitnessLag {
  /** Everything that the store had written so long ago is in the copy, on its disk, ms. */
  readonly lagMs: number
  /** How many bytes of the log were copied, since it began. */
  readonly copiedBytes: number
  /** How many bytes the last look has found. */
  readonly foundBytes: number
}

/** A copy that follows a store. */
export interface Witness {
  /** How far it is behind the store. */
  lag(): WitnessLag
  /** Resolves when everything is copied that was written before the call. Rejects when the copy has failed. */
  caughtUp(): Promise<void>
  /** Ends it behind a look that is under way. Idempotent. */
  stop(): Promise<void>
}

const INTERVAL_MS = 100

/**
 * Copies the log and the checkpoints of a store to a second directory, as they grow, in this process or in another one. The
 * store does not wait for it: what was acknowledged in the last `lagMs` may be missing in the copy. The copy is a store of
 * the same incarnation, byte for byte, encrypted as that is; open it when the first one is lost, and never both.
 *
 * @throws UsageError when `to` holds something else; KeelsonError `Locked`, `StorageFailed`, `Unsupported`, `Expired` when
 * the store has removed what the copy lacks: then begin with an empty directory
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { defineKind } from 'keelson/store'
 * import { openStore, startWitness } from 'keelson/store/node'
 *
 * const Job = defineKind<{ command: string }>({ apiVersion: 'example/v1', kind: 'Job', plural: 'jobs', namespaced: false })
 * const folder = await mkdtemp(join(tmpdir(), 'witness-'))
 * const store = await openStore({ kinds: [Job], dir: join(folder, 'data') })
 * const witness = await startWitness({ dir: store.dir, to: join(folder, 'copy') })
 * await store.create(Job, { metadata: { name: 'a' }, spec: { command: 'true' } })
 * await witness.caughtUp()
 * await witness.stop()
 * await store.close()
 *
 * const copy = await openStore({ kinds: [Job], dir: join(folder, 'copy') })
 * assert.equal(copy.get(Job, { name: 'a' })?.spec.command, 'true')
 * await copy.close()
 * ```
 */
export async function startWitness(options: WitnessOptions): Promise<Witness> {
  assertKnown(options, WITNESS_OPTIONS)
  const { dir, to } = options
  const [source, target] = await Promise.all([dir, to].map(realPath))
  if (source === target) throw new UsageError('a witness needs a directory of its own', { dir, to })
  return startWitnessOn(fileDisk(dir), fileDisk(to), options)
}

/** One directory has many names: to copy a file to itself is to lose it. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}

/** @internal */
export async function startWitnessOn(
  from: Disk,
  to: Disk,
  { intervalMs = INTERVAL_MS, env = systemEnv, failed = () => {} }: Omit<WitnessOptions, 'dir' | 'to'>,
): Promise<Witness> {
  await to.prepare()
  const unlock = await to.lock()
  try {
    const copy = new Copy(from, to, await beginCopy(from, to))
    const follower = new Following(copy, { env, intervalMs, failed, unlock })
    await follower.look()
    follower.start()
    return follower
  } catch (error) {
    await unlock()
    throw error
  }
}

/** What the copy has, and the name of the history that it is of. */
interface CopyBegin {
  readonly incarnation: string
  readonly found: StoreFiles | undefined
}

async function beginCopy(from: Disk, to: Disk): Promise<CopyBegin> {
  const source = await readDirectory(from)
  if (source === undefined)
    throw unsupportedDirectory(from.path, 'it is empty', 'give the directory of a store')
  const found = await readDirectory(to)
  const { incarnation } = source.identity
  if (found !== undefined && found.identity.incarnation !== incarnation)
    throw new UsageError(
      `${to.path} holds store ${found.identity.incarnation}, and ${from.path} holds ${incarnation}; choose an empty directory`,
      { path: to.path },
    )
  // First of all: what is copied from now on is not for older versions.
  if (found !== undefined && found.identity.version < FORMAT_VERSION) await writeIdentity(to, incarnation)
  return { incarnation, found }
}

/** Copied at once, so that a checkpoint may be longer than a buffer can be. */
const PART_BYTES = 8_388_608

/** The files of the copy. */
class Copy {
  readonly #from: Disk
  readonly #to: Disk
  readonly #incarnation: string
  readonly #follower: LogFollower
  #hasIdentity: boolean
  #checkpoints: ReadonlySet<string>
  #segments: readonly LogFile[]
  #file: { readonly name: string; readonly open: DiskFile } | undefined
  #isDirty = false
  copiedBytes = 0

  /** The last file that is there is copied again from its beginning: its end may be torn. */
  constructor(from: Disk, to: Disk, { incarnation, found }: CopyBegin) {
    this.#from = from
    this.#to = to
    this.#incarnation = incarnation
    this.#hasIdentity = found !== undefined
    this.#checkpoints = new Set(found?.checkpoints.map(({ name }) => name))
    this.#segments = found?.segments ?? []
    this.#follower = new LogFollower(from, this.#segments.at(-1))
  }

  /** Copies what there is, and removes what the store has removed. */
  async step(): Promise<void> {
    const source = await readDirectory(this.#from)
    // The log first: a checkpoint knows the log up to it. And at the end what nothing needs any more.
    await this.#follower.read(frame => this.#take(frame))
    await this.#sync()
    if (source === undefined) return
    let isWhole = true
    for (const file of source.checkpoints)
      if (!this.#checkpoints.has(file.name)) isWhole = (await this.#copyCheckpoint(file)) && isWhole
    // What a checkpoint that is gone already was to replace goes when the next one is here.
    if (!isWhole) return
    await this.#prune(source)
    // Without its identity the directory is none: a first copy that is cut short is noticed.
    if (!this.#hasIdentity) await writeIdentity(this.#to, this.#incarnation)
    this.#hasIdentity = true
  }

  async close(): Promise<void> {
    await this.#file?.open.close()
    this.#file = undefined
  }

  async #take({ file, position, bytes }: FollowedFrame): Promise<void> {
    const { name } = file
    if (this.#file?.name !== name) {
      await this.#sync()
      await this.close()
      const open = await this.#to.open(name)
      this.#file = { name, open }
      if (this.#segments.at(-1)?.name !== name) this.#segments = [...this.#segments, file]
      await open.truncate(position)
      await this.#to.sync()
    }
    await this.#file.open.write(bytes, position)
    this.#isDirty = true
    this.copiedBytes += bytes.length
  }

  async #sync(): Promise<void> {
    if (!this.#isDirty) return
    await this.#file?.open.sync()
    this.#isDirty = false
  }

  /** False for one that the store has removed meanwhile. */
  async #copyCheckpoint({ name }: CheckpointFile): Promise<boolean> {
    const held = await this.#from.hold([name]).catch((error: unknown) => {
      if (isMissingFile(error)) return undefined
      throw error
    })
    if (held === undefined) return false
    try {
      const bytes = Buffer.allocUnsafeSlow(PART_BYTES)
      await writeWhole(this.#to, name, async file => {
        for (let position = 0; ; ) {
          const part = await held.readInto(name, position, bytes)
          await file.write(part, position)
          position += part.length
          if (part.length < bytes.length) return
        }
      })
    } finally {
      await held.close()
    }
    this.#checkpoints = new Set([...this.#checkpoints, name])
    return true
  }

  /** As the store removes: checkpoints first, then files of the log from the oldest on. */
  async #prune({ checkpoints, segments }: StoreFiles): Promise<void> {
    const kept = new Set(checkpoints.map(({ name }) => name))
    const old = checkpoints.length === 0 ? [] : [...this.#checkpoints].filter(name => !kept.has(name))
    for (const name of old) await this.#to.remove(name)
    if (old.length > 0) await this.#to.sync()
    this.#checkpoints = new Set([...this.#checkpoints].filter(name => !old.includes(name)))
    const [oldest] = segments
    for (const { name, first } of this.#segments)
      if (first < (oldest?.first ?? 0)) await this.#to.remove(name)
    this.#segments = this.#segments.filter(({ first }) => first >= (oldest?.first ?? 0))
  }
}

interface FollowingOptions {
  readonly env: Env
  readonly intervalMs: number
  readonly failed: (error: unknown) => void
  readonly unlock: () => Promise<void>
}

/** Looks again and again. */
class Following implements Witness {
  readonly #copy: Copy
  readonly #options: FollowingOptions
  #lookedAt: number
  #foundBytes = 0
  #stopped = false
  #failure: unknown
  #running: Promise<void> | undefined
  #looking: Promise<void> | undefined

  constructor(copy: Copy, options: FollowingOptions) {
    this.#copy = copy
    this.#options = options
    this.#lookedAt = options.env.clock.monotonic()
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Looks once; those who ask meanwhile get the next look. */
  async look(): Promise<void> {
    const begunAt = this.#options.env.clock.monotonic()
    const before = this.#copy.copiedBytes
    await this.#copy.step()
    this.#foundBytes = this.#copy.copiedBytes - before
    this.#lookedAt = begunAt
  }

  readonly lag: Witness['lag'] = () => ({
    lagMs: this.#options.env.clock.monotonic() - this.#lookedAt,
    copiedBytes: this.#copy.copiedBytes,
    foundBytes: this.#foundBytes,
  })

  readonly caughtUp: Witness['caughtUp'] = async () => {
    // A look that began before the call may have missed the last write.
    await this.#looking?.catch(() => {})
    if (this.#failure !== undefined) throw this.#failure
    if (this.#stopped) throw new UsageError('the witness was stopped')
    await this.#lookNow()
  }

  readonly stop: Witness['stop'] = async () => {
    this.#stopped = true
    await this.#running
  }

  #lookNow(): Promise<void> {
    this.#looking ??= this.look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #run(): Promise<void> {
    const { env, intervalMs, failed, unlock } = this.#options
    try {
      while (!this.#stopped) {
        await env.clock.sleep(intervalMs)
        await this.#lookNow()
      }
    } catch (error) {
      this.#failure = error
      this.#stopped = true
      failed(error)
    } finally {
      await this.#copy.close().catch(() => {})
      await unlock()
    }
  }
}
