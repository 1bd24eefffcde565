import { readFile } from 'node:fs/promises'
import { UsageError } from '../../core/index.js'
import { StorageFailedError } from '../node/storage-errors.js'

/**
 * A user of etcd, from a file of one line, the name, a colon and the password: arguments are seen by every process.
 *
 * @throws UsageError for another line, which is not shown; KeelsonError `StorageFailed`
 */
export async function readLogin(
  path: string | undefined,
): Promise<{ readonly user?: string; readonly password?: string }> {
  if (path === undefined) return {}
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new StorageFailedError('reading', path, error)
  })
  const [user, password] = /^([^:\s]+):(.+?)\r?\n?$/.exec(text)?.slice(1) ?? []
  if (user === undefined || password === undefined)
    throw new UsageError(`${path} is not one line with the name of a user, a colon and the password`, {
      path,
    })
  return { user, password }
}
