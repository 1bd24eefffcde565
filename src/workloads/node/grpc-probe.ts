import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect, constants } from 'node:http2'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { TcpProbeOptions } from './network-probe.js'
import type { ProbeReport } from './settle-once.js'
import { settleOnce } from './settle-once.js'

/** A call of gRPC's health service as a probe. */
export interface GrpcProbeOptions extends TcpProbeOptions {
  /** Whose status is asked for. Default: that of the server as a whole. */
  readonly service?: string
}

const GRPC_PROBE_OPTIONS = /* @__PURE__ */ knownOptions<GrpcProbeOptions>('probeGrpc', {
  host: true,
  port: true,
  timeoutMs: true,
  signal: true,
  env: true,
  service: true,
})

/** Longest answer that is read; a status has two bytes, behind a head of five. */
const ANSWER_BYTES_MAX = 1024
const FRAME_HEAD_BYTES = 5
const SERVING = 1
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const NOT_FOUND = 5
const UNIMPLEMENTED = 12

/**
 * Asks `grpc.health.v1.Health/Check` over a connection of its own, without TLS. Success is the status SERVING. Every
 * other outcome is a failure, never a rejection, and no socket is left open. Source: grpc/grpc, doc/health-checking.md.
 */
export function probeGrpc(options: GrpcProbeOptions): Promise<ProbeReport> {
  assertKnown(options, GRPC_PROBE_OPTIONS)
  const { host, port, service = '' } = options
  return settleOnce(options, settle => {
    const failure = (message: string): void => settle({ result: 'failure', message })
    const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
    session.on('error', error => failure(error.message))
    session.on('close', () => failure('the connection was closed'))
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'keelson-probe',
      te: 'trailers',
    })
    readAnswer(stream, answer => settle(reportOf(answer, service)), failure)
    stream.end(frameOf(service))
    return () => session.destroy()
  })
}

interface Answer {
  readonly httpStatus: number
  /** -1 when the server did not say. */
  readonly grpcStatus: number
  readonly text: string
  readonly body: Buffer
}

function readAnswer(
  stream: ClientHttp2Stream,
  done: (answer: Answer) => void,
  failed: (message: string) => void,
): void {
  let [httpStatus, grpcStatus, text] = [0, -1, '']
  let body: Buffer = Buffer.alloc(0)
  const learn = (headers: IncomingHttpHeaders): void => {
    if (headers['grpc-status'] !== undefined) grpcStatus = Number(headers['grpc-status'])
    text = String(headers['grpc-message'] ?? text)
  }
  stream.on('response', headers => {
    httpStatus = headers[':status'] ?? 0
    learn(headers)
  })
  stream.on('trailers', learn)
  stream.on('data', (chunk: Buffer) => {
    body = Buffer.concat([body, chunk])
    if (body.length > ANSWER_BYTES_MAX) failed(`an answer of more than ${ANSWER_BYTES_MAX} bytes`)
  })
  stream.on('error', error => failed(error.message))
  stream.on('end', () => done({ httpStatus, grpcStatus, text, body }))
}

function reportOf({ httpStatus, grpcStatus, text, body }: Answer, service: string): ProbeReport {
  const failure = (message: string): ProbeReport => ({ result: 'failure', message })
  if (httpStatus !== 200) return failure(`HTTP ${httpStatus}; is it a gRPC server?`)
  if (grpcStatus === NOT_FOUND) return failure(`the server does not know the service "${service}"`)
  if (grpcStatus === UNIMPLEMENTED) return failure('the server does not implement grpc.health.v1.Health')
  if (grpcStatus !== 0)
    return failure(grpcStatus < 0 ? 'no gRPC status' : `gRPC status ${grpcStatus} ${text}`.trim())
  const status = servingStatus(body)
  if (status === undefined) return failure('an answer that is no status')
  return {
    result: status === SERVING ? 'success' : 'failure',
    message: STATUSES[status] ?? `status ${status}`,
  }
}

/** HealthCheckRequest: field 1 is the service; no field at all for the whole server. */
function frameOf(service: string): Buffer {
  const name = Buffer.from(service)
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name])
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, FRAME_HEAD_BYTES)
  return frame
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

/** HealthCheckResponse: field 1 is the status, and its absence is 0. Undefined for anything else. */
function servingStatus(body: Buffer): number | undefined {
  if (body.length < FRAME_HEAD_BYTES || body[0] !== 0) return undefined
  const message = body.subarray(FRAME_HEAD_BYTES)
  if (message.length !== body.readUInt32BE(1)) return undefined
  if (message.length === 0) return 0
  const [field, status = 0x80] = message
  return message.length === 2 && field === 0x08 && status < 0x80 ? status : undefined
}
