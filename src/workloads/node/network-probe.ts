import { request } from 'node:http'
import { connect } from 'node:net'
import type { Env } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'

/** Where a probe goes and how long it may take. */
export interface TcpProbeOptions {
  readonly host: string
  readonly port: number
  /** Whole probe, connecting included; > 0. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly env?: Env
}

/** An HTTP GET as a probe. */
export interface HttpProbeOptions extends TcpProbeOptions {
  readonly path: string
}

/** What a probe found; `message` says why, for people. */
export interface ProbeReport {
  readonly result: 'success' | 'failure'
  readonly message: string
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
  return once(options, settle => {
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
  return once(options, settle => {
    const socket = connect({ host: options.host, port: options.port })
    socket.on('connect', () => settle({ result: 'success', message: 'connection accepted' }))
    socket.on('error', error => settle({ result: 'failure', message: error.message }))
    return () => socket.destroy()
  })
}

/** Runs one probe with a deadline; whatever comes first counts, and `stop` runs exactly once. */
function once(
  options: TcpProbeOptions,
  start: (settle: (report: ProbeReport) => void) => () => void,
): Promise<ProbeReport> {
  const { timeoutMs, signal, env = systemEnv } = options
  return new Promise(resolve => {
    if (signal?.aborted) return resolve({ result: 'failure', message: 'aborted' })
    let stop: (() => void) | undefined
    let settled = false
    const settle = (report: ProbeReport): void => {
      if (settled) return
      settled = true
      cancel()
      signal?.removeEventListener('abort', aborted)
      stop?.()
      resolve(report)
    }
    const aborted = (): void => settle({ result: 'failure', message: 'aborted' })
    const cancel = env.clock.after(timeoutMs, () =>
      settle({ result: 'failure', message: `no answer within ${timeoutMs} ms` }),
    )
    signal?.addEventListener('abort', aborted)
    try {
      stop = start(settle)
    } catch (error) {
      settle({ result: 'failure', message: error instanceof Error ? error.message : String(error) })
    }
  })
}
