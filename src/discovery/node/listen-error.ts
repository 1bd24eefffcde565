import { KeelsonError } from '../../core/index.js'

type ListenErrorCode = 'AlreadyExists' | 'NotFound' | 'Forbidden' | 'Usage'

const REASONS: Readonly<Record<string, { readonly code: ListenErrorCode; readonly remedy: string }>> = {
  EADDRINUSE: {
    code: 'AlreadyExists',
    remedy: 'another socket listens there; stop it or bind to another port',
  },
  EADDRNOTAVAIL: {
    code: 'NotFound',
    remedy: 'no interface of this host has that address; add it or bind to another',
  },
  EACCES: {
    code: 'Forbidden',
    remedy: 'the process may not bind there; use a port from 1024 or grant the right',
  },
}

/** An address and port could not be listened on. `details` has both, and the system's error code as `reason`. */
export class ListenError extends KeelsonError<ListenErrorCode> {
  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = cause.code ?? 'unknown'
    const known = REASONS[reason]
    const name = `${address}:${port}`
    const subject = known?.code === 'Forbidden' ? { subject: name, hook: 'system' } : { kind: 'Socket', name }
    super({
      code: known?.code ?? 'Usage',
      message: `cannot listen on ${address} port ${port}: ${reason}, ${known?.remedy ?? cause.message}`,
      details: { ...subject, address, port, reason },
      cause,
    })
  }
}
