import { readFileSync } from 'node:fs'
import type { EtcdOptions } from 'keelson/store/etcd'

/** Where an etcd is, and the files with the certificates for it. */
export interface EtcdPlace {
  /** One of its members, as host:port. */
  readonly endpoint: string
  /** In PEM. Default: that etcd speaks plain text. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The part of it that is ours. */
const PREFIX = '/keelson/quickstart'

/** How a store gets there. Throws for a file that cannot be read. */
export function etcdOptions({ endpoint, ca, cert, key }: EtcdPlace): EtcdOptions {
  const place = { endpoints: [endpoint], prefix: PREFIX }
  if (ca === undefined && cert === undefined) return place
  const read = (path: string): string => readFileSync(path, 'utf8')
  return {
    ...place,
    tls: {
      ...(ca === undefined ? {} : { ca: read(ca) }),
      ...(cert === undefined ? {} : { cert: read(cert) }),
      ...(key === undefined ? {} : { key: read(key) }),
    },
  }
}
