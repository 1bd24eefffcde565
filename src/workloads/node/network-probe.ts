import { request } from 'node:http'
import { connect } from 'node:net'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { ProbeDeadline, ProbeReport } from './settle-once.js'
import { settleOnce } from './settle-once.js'

/** Where a probe goes and how long it may take. */
export interface TcpProbeOptions extends ProbeDeadline {
  readonly host: string
  readonly port: number
}

/** An HTTP GET as a probe. */
export interface HttpProbeOptions extends TcpProbeOptions {
  readonly path: string
}

const HTTP_PROBE_OPTIONS = /* @__PURE__ */ knownOptions<HttpProbeOptions>('probeHttp', {
  host: true,
  port: true,
  timeoutMs: true,
  signal: true,
  env: true,
  path: true,
})

/**
 * Asks with GET over a connection of its own. Success is a status from 200 to 399; redirects are not followed
 * and the body is not read. Every other outcome is a failure, never a rejection, and no socket is left open.
 */
export function probeHttp(options: HttpProbeOptions): Promise<ProbeReport> {
  assertKnown(options, HTTP_PROBE_OPTIONS)
  const { host, port, path } = options
  return settleOnce(options, settle => {
    const sent = request({
      host,
      port,
      path,
      agent: false,
      headers: { 'user-agent': 'keelson-probe', connection: 'close' },
    })
    sent.on('response', response => {
      const status = response.statusCode ?? 0
      settle({
        result: status >= 200 && status < 400 ? 'success' : 'failure',
        message: `HTTP ${status} ${response.statusMessage ?? ''}`.trimEnd(),
      })
    })
    sent.on('error', error => settle({ result: 'failure', message: error.message }))
    sent.end()
    return () => sent.destroy()
  })
}

const TCP_PROBE_OPTIONS = /* @__PURE__ */ knownOptions<TcpProbeOptions>('probeTcp', {
  host: true,
  port: true,
  timeoutMs: true,
  signal: true,
  env: true,
})

/** Connects and hangs up. Success is an accepted connection. */
export function probeTcp(options: TcpProbeOptions): Promise<ProbeReport> {
  assertKnown(options, TCP_PROBE_OPTIONS)
  return settleOnce(options, settle => {
    const socket = connect({ host: options.host, port: options.port })
    socket.on('connect', () => settle({ result: 'success', message: 'connection accepted' }))
    socket.on('error', error => settle({ result: 'failure', message: error.message }))
    return () => socket.destroy()
  })
}
