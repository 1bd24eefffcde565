import { X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import { createSecureContext } from 'node:tls'
import type { FieldProblem } from '../../core/index.js'

/** How a server is recognised, and this client by it; texts in PEM. */
export interface EtcdTls {
  /** Of the authority that has signed the certificate of etcd. Default: those that Node knows. */
  readonly ca?: string | Uint8Array
  /** The client's own, where etcd asks for one (`--client-cert-auth`), with its `key`. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  /** The name in etcd's certificate. Default: the host of the endpoint. */
  readonly serverName?: string
}

/** What is wrong with certificates, before anybody is asked. A key is never shown. */
export function tlsProblems(tls: EtcdTls): readonly FieldProblem[] {
  const { ca, cert, key } = tls
  const problems: FieldProblem[] = []
  // Node takes what is no certificate for no authority at all.
  if (ca !== undefined) tryTo(() => new X509Certificate(ca), 'etcd.tls.ca', problems)
  if ((cert === undefined) !== (key === undefined)) {
    const [field, other] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    problems.push({
      field: `etcd.tls.${field}`,
      value: undefined,
      message: `comes with etcd.tls.${other}, or not at all`,
    })
  } else if (cert !== undefined)
    tryTo(() => createSecureContext(secureContextOf(tls)), 'etcd.tls.cert', problems)
  return problems
}

/** For Node. */
export function secureContextOf({ ca, cert, key }: EtcdTls): SecureContextOptions {
  return {
    ...(ca === undefined ? {} : { ca: pem(ca) }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
  }
}

function pem(given: string | Uint8Array): string | Buffer {
  return typeof given === 'string' ? given : Buffer.from(given)
}

function tryTo(act: () => unknown, field: string, problems: FieldProblem[]): void {
  try {
    act()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = field.endsWith('ca')
      ? `must be certificates in PEM (${reason})`
      : `must be, with its key, a certificate in PEM (${reason})`
    problems.push({ field, value: undefined, message })
  }
}
