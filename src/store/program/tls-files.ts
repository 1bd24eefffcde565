import { readFile } from 'node:fs/promises'
import type { EtcdTls } from '../etcd/etcd-tls.js'
import { StorageFailedError } from '../node/storage-errors.js'

/** Files in PEM, named as those of etcdctl. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** @throws KeelsonError `StorageFailed` for a file that cannot be read */
export async function readTls(files: TlsFiles | undefined): Promise<{ readonly tls?: EtcdTls }> {
  if (files === undefined) return {}
  const read = async (path: string): Promise<string> =>
    readFile(path, 'utf8').catch((error: unknown) => {
      throw new StorageFailedError('reading', path, error)
    })
  const { ca, cert, key } = files
  return {
    tls: {
      ...(ca === undefined ? {} : { ca: await read(ca) }),
      ...(cert === undefined ? {} : { cert: await read(cert) }),
      ...(key === undefined ? {} : { key: await read(key) }),
    },
  }
}
