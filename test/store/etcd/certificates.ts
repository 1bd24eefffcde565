import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Paths of files in PEM. */
export interface Certificates {
  readonly ca: string
  /** Of a server at 127.0.0.1. */
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
  /** What an etcd is started with, so that it asks for certificates and shows its own. */
  readonly serverArgs: readonly string[]
}

/** An authority, and what it has signed. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string): string => join(folder, `${name}.pem`)
  const pair = (
    name: string,
    ...more: readonly string[]
  ): { readonly cert: string; readonly key: string } => {
    const [cert, key] = [file(`${name}-cert`), file(`${name}-key`)]
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl(
      'req',
      '-x509',
      ...ec,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      key,
      '-out',
      cert,
      ...more,
    )
    return { cert, key }
  }
  const authority = pair('authority')
  const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-addext', 'basicConstraints=CA:FALSE']
  const server = pair('server', ...signed, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  const client = pair('client', ...signed)
  return {
    ca: authority.cert,
    server,
    client,
    serverArgs: [
      ...['--cert-file', server.cert, '--key-file', server.key],
      ...['--client-cert-auth', '--trusted-ca-file', authority.cert],
    ],
  }
}

function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
