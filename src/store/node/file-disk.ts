import { close, fdatasync, fsync, ftruncate, open, write, writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open as openHandle, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isKeelsonError } from '../../core/index.js'
import { lockDirectory } from './directory-lock.js'
import type { Disk, DiskFile, HeldFiles } from './disk.js'
import { StorageFailedError } from './storage-errors.js'

/** A directory of the file system. */
export function fileDisk(path: string): Disk {
  const at = (name: string): string => join(path, name)
  return {
    path,
    prepare: () => attempt('making', path, async () => void (await mkdir(path, { recursive: true }))),
    lock: () => attempt('locking', path, () => lockDirectory(path)),
    list: () => attempt('listing', path, () => readdir(path)),
    read: (name, from = 0, length) =>
      attempt('reading', at(name), () =>
        from === 0 && length === undefined
          ? readFile(at(name))
          : opened(at(name), file => readPart(file, from, length)),
      ),
    readInto: (name, from, target) =>
      attempt('reading', at(name), () => opened(at(name), file => fill(file, from, target))),
    hold: names => holdFiles(path, names),
    open: name =>
      attempt('opening', at(name), async () => openFile(at(name), await descriptorOf(at(name), 'r+'))),
    rename: (from, to) => attempt('renaming', at(from), () => rename(at(from), at(to))),
    remove: name => attempt('removing', at(name), () => unlink(at(name))),
    sync: () => attempt('syncing', path, () => syncDirectory(path)),
  }
}

async function holdFiles(path: string, names: readonly string[]): Promise<HeldFiles> {
  const files = new Map<string, FileHandle>()
  const at = (name: string): string => join(path, name)
  const reading = <T>(name: string, read: (file: FileHandle) => Promise<T>): Promise<T> =>
    attempt('reading', at(name), () => read(files.get(name) as FileHandle))
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close()
  }
  try {
    for (const name of names)
      files.set(name, await attempt('reading', at(name), () => openHandle(at(name), 'r')))
  } catch (error) {
    await close()
    throw error
  }
  return {
    path,
    read: (name, from = 0, length) => reading(name, file => readPart(file, from, length)),
    readInto: (name, from, target) => reading(name, file => fill(file, from, target)),
    close,
  }
}

async function opened<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openHandle(path, 'r')
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function readPart(file: FileHandle, from: number, length = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const { size } = await file.stat()
  return fill(file, from, Buffer.allocUnsafe(Math.min(length, Math.max(0, size - from))))
}

async function fill(file: FileHandle, from: number, target: Buffer): Promise<Buffer> {
  let done = 0
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, from + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return target.subarray(0, done)
}

async function attempt<T>(operation: string, path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw isKeelsonError(error) ? error : new StorageFailedError(operation, path, error)
  }
}

/** Descriptors and not `FileHandle`, which costs three promises for each call. */
function openFile(path: string, fd: number): DiskFile {
  return {
    write: (bytes, position) =>
      attempt('writing', path, () => writeAll(fd, bytes, { position, inlineMax: 0 })),
    writeAtOnce: (bytes, position) =>
      attempt('writing', path, () => writeAll(fd, bytes, { position, inlineMax: INLINE_BYTES_MAX })),
    sync: () => attempt('syncing', path, () => called(done => fdatasync(fd, done))),
    truncate: bytes => attempt('truncating', path, () => called(done => ftruncate(fd, bytes, done))),
    close: () => attempt('closing', path, () => called(done => close(fd, done))),
  }
}

async function descriptorOf(path: string, flags: 'r+' | 'r' | 'w+'): Promise<number> {
  try {
    return await new Promise((resolve, reject) => {
      open(path, flags, 0o600, (error, fd) => (error === null ? resolve(fd) : reject(error)))
    })
  } catch (error) {
    if (flags !== 'r+' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return descriptorOf(path, 'w+')
  }
}

/**
 * Copying so much into the system's memory takes less time than having another thread do it; the waiting is in the sync, and that is
 * done elsewhere.
 */
const INLINE_BYTES_MAX = 262_144

/** A disk that is nearly full takes a part, and then nothing. */
async function writeAll(
  fd: number,
  bytes: Uint8Array,
  { position, inlineMax }: { readonly position: number; readonly inlineMax: number },
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    if (bytes.length <= inlineMax) {
      done += writeSync(fd, bytes, done, bytes.length - done, position + done)
      continue
    }
    done += await new Promise<number>((resolve, reject) => {
      write(fd, bytes, done, bytes.length - done, position + done, (error, written) =>
        error === null ? resolve(written) : reject(error),
      )
    })
  }
}

/** Resolves when the names in it are on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = await descriptorOf(path, 'r')
  try {
    await called(done => fsync(fd, done))
  } finally {
    await called(done => close(fd, done))
  }
}

function called(call: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call(error => (error === null || error === undefined ? resolve() : reject(error)))
  })
}
