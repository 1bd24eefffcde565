import { isKeelsonError, KeelsonError } from '../../core/index.js'

/** What was found on disk is not what was written there. */
export class CorruptError extends KeelsonError<'Corrupt'> {
  /** @param offset where in the file, in bytes */
  constructor(path: string, reason: string, offset?: number) {
    const where = offset === undefined ? path : `${path}, byte ${offset},`
    super({
      code: 'Corrupt',
      message:
        `${where} is corrupt: ${reason}; nothing was changed. Restore a backup into a new directory, or have ` +
        '`keelson-store verify` tell how far the directory can be read',
      details: { path, reason, ...(offset === undefined ? {} : { offset }) },
    })
  }
}

/** The directory is in use. */
export class LockedError extends KeelsonError<'Locked'> {
  constructor(path: string) {
    super({
      code: 'Locked',
      message: `${path} is in use by another store; close that one, or end its process, and open it again`,
      details: { path },
    })
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space',
  EDQUOT: 'raise the quota of the user, or free some space',
  EROFS: 'mount the file system for writing',
  EACCES: 'give this user the right to read and write there',
  EPERM: 'give this user the right to read and write there',
  EMFILE: 'raise the limit of open files',
  ENOENT: 'check the path',
  ENOTDIR: 'choose a directory',
  EISDIR: 'choose a file',
  EEXIST: 'choose a name that is not taken',
  EIO: 'look at the disk and its cables',
}

/** The file system has refused something. */
export class StorageFailedError extends KeelsonError<'StorageFailed'> {
  /** @param hasStopped whether an open store has ended with it, and with it what was not acknowledged yet */
  constructor(operation: string, path: string, cause: unknown, hasStopped = false) {
    const errno = codeOf(cause)
    const why = cause instanceof Error ? cause.message : String(cause)
    super({
      code: 'StorageFailed',
      message:
        `${operation} ${path} failed: ${why}` +
        (hasStopped
          ? '; the store has stopped, and what it has not acknowledged may or may not be there. ' +
            `${remedyFor(errno)}, then open the directory again`
          : `. ${remedyFor(errno)}, then try again`),
      details: { path, operation, ...(errno === undefined ? {} : { errno }) },
      cause,
    })
  }
}

/** What those hear who use a store that has ended with this error. */
export function storeStopped(error: Error): Error {
  if (!isKeelsonError(error, 'StorageFailed')) return error
  const { operation, path } = error.details
  return new StorageFailedError(operation, path, error.cause, true)
}

/** Whether the file system says that there is no such file. */
export function isMissingFile(error: unknown): boolean {
  return isKeelsonError(error, 'StorageFailed') && error.details.errno === 'ENOENT'
}

function remedyFor(errno: string | undefined): string {
  const remedy = (errno === undefined ? undefined : REMEDIES[errno]) ?? 'look at the disk'
  return remedy.charAt(0).toUpperCase() + remedy.slice(1)
}

function codeOf(cause: unknown): string | undefined {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** The directory holds something else, or what only a newer version can read. */
export function unsupportedDirectory(path: string, reason: string, remedy: string): KeelsonError {
  return new KeelsonError({
    code: 'Unsupported',
    message: `${path} cannot be opened: ${reason}; ${remedy}`,
    details: { path, reason },
  })
}
