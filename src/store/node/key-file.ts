import { readFile } from 'node:fs/promises'
import { UsageError } from '../../core/index.js'
import type { EncryptionKey } from './frame-cipher.js'
import { StorageFailedError } from './storage-errors.js'

/**
 * Keys of a file: one a line, an id, a space, and 32 bytes in base64. Empty lines and those that begin with # do not count.
 *
 * @throws UsageError for another line, which is not shown; KeelsonError `StorageFailed`
 */
export async function readKeys(path: string | undefined): Promise<readonly EncryptionKey[]> {
  if (path === undefined) return []
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new StorageFailedError('reading', path, error)
  })
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return []
    const [id, secret] = /^(\S+) ([A-Za-z0-9+/]{43}=)\s*$/.exec(line)?.slice(1) ?? []
    if (id === undefined || secret === undefined)
      throw new UsageError(`line ${index + 1} of ${path} is not an id, a space and 32 bytes in base64`, {
        path,
      })
    return [{ id, secret: Buffer.from(secret, 'base64') }]
  })
}
