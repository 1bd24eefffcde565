/** A file that is written from its beginning on, and read only as a whole. */
export interface DiskFile {
  /** Writes all of it, at that place; others get their turn meanwhile. What is written is safe after `sync` only. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** The same, inside the call where that is quicker than to wait: for one who syncs next, and not for one after the other. */
  writeAtOnce(bytes: Uint8Array, position: number): Promise<void>
  /** Resolves when everything written before is on the disk. */
  sync(): Promise<void>
  truncate(bytes: number): Promise<void>
  close(): Promise<void>
}

/** Files that were opened to be read: they are there until they are closed, also when somebody removes them meanwhile. */
export interface HeldFiles extends ReadableFiles {
  close(): Promise<void>
}

/** What reads files needs of a directory. */
export type ReadableFiles = Pick<Disk, 'path' | 'read' | 'readInto'>

/**
 * One directory. Names of files are safe after `sync` only. Everything rejects with `StorageFailedError`.
 */
export interface Disk {
  /** For people: where it is. */
  readonly path: string
  /** Makes the directory, if it is not there. */
  prepare(): Promise<void>
  /**
   * Keeps every other store out until the returned function is called, or the process ends in whatever way.
   *
   * @throws LockedError
   */
  lock(): Promise<() => Promise<void>>
  list(): Promise<readonly string[]>
  /** What is in it, from that byte on, and no more than `length` of it. Default: all. */
  read(name: string, from?: number, length?: number): Promise<Buffer>
  /**
   * As much of it as fits, from that byte on, read into `target`: who reads much at a time keeps one buffer for it, as memory beside the
   * heap makes the collector look at all of the heap.
   *
   * @returns the part of `target` that was filled; all of it, unless the file ends there
   */
  readInto(name: string, from: number, target: Buffer): Promise<Buffer>
  /** Opens these files for reading. */
  hold(names: readonly string[]): Promise<HeldFiles>
  /** Opens it for writing; it is made if it is not there. */
  open(name: string): Promise<DiskFile>
  /** Replaces what has that name. */
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  sync(): Promise<void>
}

/**
 * Writes a file so that it is there whole, or not at all. What has failed takes no room.
 *
 * @param write begins with an empty file
 * @param ready waited for before the file has its name
 */
export async function writeWhole<T>(
  disk: Disk,
  name: string,
  write: (file: DiskFile) => Promise<T>,
  ready: () => Promise<void> = async () => {},
): Promise<T> {
  const draft = `${name}${DRAFT_SUFFIX}`
  const file = await disk.open(draft)
  let written: T
  try {
    try {
      await file.truncate(0)
      written = await write(file)
      await file.sync()
    } finally {
      await file.close()
    }
    await ready()
    await disk.rename(draft, name)
  } catch (error) {
    await disk.remove(draft).catch(() => {})
    throw error
  }
  await disk.sync()
  return written
}

/** Ends the names of files that are not complete. */
export const DRAFT_SUFFIX = '.draft'
