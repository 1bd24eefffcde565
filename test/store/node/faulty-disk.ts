import type { Random } from '../../../src/core/index.js'
import type { Disk, DiskFile, HeldFiles } from '../../../src/store/node/disk.js'
import { LockedError, StorageFailedError } from '../../../src/store/node/storage-errors.js'

/** What was done to a file and is not on the disk yet. */
type Pending =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly bytes: number }

/** Its buffers are its own: they are changed in place. */
interface Inode {
  /** What readers see: the memory of the system. */
  seen: Buffer
  /** What is on the disk. */
  synced: Buffer
  /** What the next sync brings there. */
  pending: Pending[]
}

export type Operation =
  | 'write'
  | 'sync'
  | 'truncate'
  | 'open'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'read'

const SECTOR = 512

/**
 * A disk in memory that does what disks do when power is lost: of what was not synced any sector may be there or not, in
 * any order, and of names any first part.
 */
export class FaultyDisk implements Disk {
  readonly path: string = '/faulty'
  /** How many operations were begun. */
  operations = 0
  /** From this operation on nothing happens any more, and no call returns: the process is dead. */
  diesAt: number = Number.POSITIVE_INFINITY
  /**
   * Fails the next operation of that kind, once; a write may have written a part. What a sync that fails should have written
   * is dropped: readers still see it, and no later sync brings it to the disk.
   */
  failure: { readonly operation: Operation; readonly errno: string } | undefined
  #later: { readonly from: number; readonly failure: NonNullable<FaultyDisk['failure']> } | undefined
  /** While it is there, syncs of files wait for it. */
  held: Promise<void> | undefined
  /** Waited for by each sync of a file. */
  beforeSync: () => void | Promise<void> = () => {}
  /** Waited for by each reading of a file. */
  beforeRead: (name: string) => void | Promise<void> = () => {}
  #names = new Map<string, Inode>()
  #syncedNames = new Map<string, Inode>()
  /** Names as they were after each change that is not synced. */
  #pendingNames: Map<string, Inode>[] = []
  #locked = false

  /** As `failure`, from the operation on that comes after so many more. */
  failAfter(operations: number, failure: NonNullable<FaultyDisk['failure']>): void {
    this.#later = { from: this.operations + operations, failure }
  }

  get dead(): boolean {
    return this.operations >= this.diesAt
  }

  async prepare(): Promise<void> {}

  async lock(): Promise<() => Promise<void>> {
    if (this.#locked) throw new LockedError(this.path)
    this.#locked = true
    return async () => {
      this.#locked = false
    }
  }

  async list(): Promise<readonly string[]> {
    return [...this.#names.keys()]
  }

  async read(name: string, from = 0, length: number = Number.POSITIVE_INFINITY): Promise<Buffer> {
    await this.#begin('read', name)
    return Buffer.from(this.#inode(name).seen.subarray(from, from + length))
  }

  async readInto(name: string, from: number, target: Buffer): Promise<Buffer> {
    await this.#begin('read', name)
    return target.subarray(0, this.#inode(name).seen.copy(target, 0, from))
  }

  async hold(names: readonly string[]): Promise<HeldFiles> {
    const inodes = new Map(names.map(name => [name, this.#inode(name)]))
    const reading = async (name: string): Promise<Buffer> => {
      await this.#begin('read', name)
      return inodes.get(name)?.seen ?? Buffer.alloc(0)
    }
    return {
      path: this.path,
      read: async (name, from = 0, length = Number.POSITIVE_INFINITY) =>
        Buffer.from((await reading(name)).subarray(from, from + length)),
      readInto: async (name, from, target) => target.subarray(0, (await reading(name)).copy(target, 0, from)),
      close: async () => {},
    }
  }

  async open(name: string): Promise<DiskFile> {
    await this.#begin('open', name)
    let inode = this.#names.get(name)
    if (inode === undefined) {
      inode = { seen: Buffer.alloc(0), synced: Buffer.alloc(0), pending: [] }
      this.#names.set(name, inode)
      this.#namesChanged()
    }
    return this.#file(name, inode)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename', from)
    const inode = this.#inode(from)
    this.#names.delete(from)
    this.#names.set(to, inode)
    this.#namesChanged()
  }

  async remove(name: string): Promise<void> {
    await this.#begin('remove', name)
    this.#names.delete(name)
    this.#namesChanged()
  }

  async sync(): Promise<void> {
    await this.#begin('syncDirectory', this.path)
    this.#syncedNames = new Map(this.#names)
    this.#pendingNames = []
  }

  /** What a process finds that starts after this one was killed: everything that the system was given, synced or not. */
  afterKill(): FaultyDisk {
    const disk = new FaultyDisk()
    const copies = new Map<Inode, Inode>()
    const copyOf = (inode: Inode): Inode => {
      const { seen, synced, pending } = inode
      const copy = copies.get(inode) ?? {
        seen: Buffer.from(seen),
        synced: Buffer.from(synced),
        pending: [...pending],
      }
      copies.set(inode, copy)
      return copy
    }
    const copied = (names: ReadonlyMap<string, Inode>): Map<string, Inode> =>
      new Map([...names].map(([name, inode]) => [name, copyOf(inode)]))
    disk.#names = copied(this.#names)
    disk.#syncedNames = copied(this.#syncedNames)
    disk.#pendingNames = this.#pendingNames.map(copied)
    return disk
  }

  /** What is found after a power cut. */
  afterPowerCut(random: Random): FaultyDisk {
    const states = [this.#syncedNames, ...this.#pendingNames]
    const names = states[Math.floor(random.next() * states.length)] ?? this.#syncedNames
    const survivors = new Map<Inode, Buffer>()
    return diskOf(
      [...names].map(([name, inode]) => {
        const bytes = survivors.get(inode) ?? survivorOf(inode, random)
        survivors.set(inode, bytes)
        return [name, bytes]
      }),
    )
  }

  /** The bytes of each file, as they are for those who read now. */
  files(): ReadonlyMap<string, Buffer> {
    return new Map([...this.#names].map(([name, { seen }]) => [name, Buffer.from(seen)]))
  }

  /** The files of the log, in order. */
  logs(): readonly (readonly [name: string, bytes: Buffer])[] {
    const logs = [...this.files()].filter(([name]) => name.startsWith('log-'))
    return logs.toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  take(name: string): void {
    this.#names.delete(name)
    this.#syncedNames.delete(name)
  }

  put(name: string, bytes: Buffer): void {
    const inode = { seen: Buffer.from(bytes), synced: Buffer.from(bytes), pending: [] }
    this.#names.set(name, inode)
    this.#syncedNames.set(name, inode)
  }

  #file(name: string, inode: Inode): DiskFile {
    const change = (pending: Pending): void => {
      inode.seen = applied(inode.seen, pending)
      inode.pending.push(pending)
    }
    const write = async (bytes: Uint8Array, position: number): Promise<void> => {
      const copy = Buffer.from(bytes)
      try {
        await this.#begin('write', name)
      } catch (error) {
        change({ kind: 'write', position, bytes: copy.subarray(0, copy.length >> 1) })
        throw error
      }
      change({ kind: 'write', position, bytes: copy })
    }
    return {
      write,
      writeAtOnce: write,
      sync: async () => {
        try {
          await this.#begin('sync', name)
        } catch (error) {
          inode.pending = []
          throw error
        }
        await this.held
        await this.beforeSync()
        inode.synced = inode.pending.reduce<Buffer>(applied, inode.synced)
        inode.pending = []
      },
      truncate: async bytes => {
        await this.#begin('truncate', name)
        change({ kind: 'truncate', bytes })
      },
      close: async () => {},
    }
  }

  async #begin(operation: Operation, name: string): Promise<void> {
    this.operations++
    if (this.#later !== undefined && this.operations > this.#later.from) {
      this.failure = this.#later.failure
      this.#later = undefined
    }
    const { failure } = this
    if (operation === 'read') await this.beforeRead(name)
    if (this.dead) await new Promise(() => {})
    // Others get their turn, as they do while a real disk is busy.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    if (failure?.operation !== operation) return
    this.failure = undefined
    throw new StorageFailedError(operation, `${this.path}/${name}`, systemError(failure.errno))
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name)
    if (inode === undefined) throw new StorageFailedError('reading', name, systemError('ENOENT'))
    return inode
  }

  #namesChanged(): void {
    this.#pendingNames.push(new Map(this.#names))
  }
}

/** A disk that holds these files, all of it synced. */
export function diskOf(files: Iterable<readonly [name: string, bytes: Buffer]>): FaultyDisk {
  const disk = new FaultyDisk()
  for (const [name, bytes] of files) disk.put(name, bytes)
  return disk
}

/** The bytes after the change, which is made in place where there is room for it. */
function applied(bytes: Buffer, change: Pending): Buffer {
  if (change.kind === 'truncate') return resized(bytes, change.bytes)
  const grown = resized(bytes, Math.max(bytes.length, change.position + change.bytes.length))
  change.bytes.copy(grown, change.position)
  return grown
}

function resized(bytes: Buffer, length: number): Buffer {
  if (length <= bytes.length) return bytes.subarray(0, length)
  return Buffer.concat([bytes], length)
}

/**
 * Of each write some sectors, each as it is in memory then, so with what was written to it before; the file may also be as short as
 * what is there of it.
 */
function survivorOf({ synced, pending }: Inode, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(synced)
  let memory: Buffer = Buffer.from(synced)
  const kept = [0, 0.5, 0.9, 1][Math.floor(random.next() * 4)] ?? 1
  for (const change of pending) {
    memory = applied(memory, change)
    if (change.kind === 'truncate') {
      if (random.next() < kept) bytes = applied(bytes, change)
      continue
    }
    for (const { position } of sectorsOf(change))
      if (random.next() < kept) bytes = applied(bytes, sectorAt(memory, position))
  }
  return bytes
}

function sectorAt(memory: Buffer, position: number): Pending {
  const begin = position - (position % SECTOR)
  return { kind: 'write', position: begin, bytes: Buffer.from(memory.subarray(begin, begin + SECTOR)) }
}

function sectorsOf({
  position,
  bytes,
}: Extract<Pending, { kind: 'write' }>): Extract<Pending, { kind: 'write' }>[] {
  const parts: Extract<Pending, { kind: 'write' }>[] = []
  for (let begin = 0; begin < bytes.length; ) {
    const end = Math.min(bytes.length, begin + SECTOR - ((position + begin) % SECTOR))
    parts.push({ kind: 'write', position: position + begin, bytes: bytes.subarray(begin, end) })
    begin = end
  }
  return parts
}

function systemError(errno: string): Error {
  return Object.assign(new Error(`${errno}: planned by the test`), { code: errno })
}
