import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect, constants } from 'node:http2'
import type { Cancel, Env } from '../../core/index.js'
import { SharedTimeout } from '../../core/internal.js'
import { GrpcFailure } from './etcd-errors.js'
import type { EtcdTls } from './etcd-tls.js'
import { secureContextOf } from './etcd-tls.js'

/** Where a channel leads, and how patient it is. */
export interface GrpcChannelOptions {
  readonly env: Env
  /** `host:port`. */
  readonly endpoint: string
  readonly tls: EtcdTls | undefined
  /** How long a call may take, ms. */
  readonly timeoutMs: number
}

/** Sent with each call. */
export type GrpcMetadata = Readonly<Record<string, string>>

/** Whom a stream tells. After `ended` nothing more is. */
export interface GrpcStreamSink {
  message(bytes: Uint8Array): void
  /** @param failure undefined when the server has ended it with success */
  ended(failure: GrpcFailure | undefined): void
}

/** A call that is open in both directions. */
export interface GrpcStream {
  send(message: Uint8Array): void
  close(): void
}

/** A silent connection is asked this often whether it is still there. */
const PING_INTERVAL_MS = 5_000

/** How much may be on its way before it is read. */
const WINDOW_BYTES = 4_194_304

interface Connection {
  readonly session: ClientHttp2Session
  isConnected: boolean
}

/** gRPC to one server: one HTTP/2 connection, made when it is needed, and made again after it was lost. */
export class GrpcChannel {
  readonly #options: GrpcChannelOptions
  readonly #timeout: SharedTimeout
  #connection: Connection | undefined
  #cancelPing: Cancel = () => {}

  constructor(options: GrpcChannelOptions) {
    this.#options = options
    this.#timeout = new SharedTimeout(options.env.clock, options.timeoutMs)
  }

  /** @throws GrpcFailure */
  unary(path: string, message: Uint8Array, metadata: GrpcMetadata): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let answer: Uint8Array | undefined
      const { timeoutMs, endpoint } = this.#options
      const endTimeout = this.#timeout.begin(() => {
        stream.close()
        const isSent = this.#connection?.isConnected === true
        reject(new GrpcFailure(-1, `${endpoint} has not answered within ${timeoutMs} ms`, { isSent }))
      })
      const stream = this.stream(path, metadata, {
        message: bytes => void (answer = bytes),
        ended: failure => {
          endTimeout()
          if (failure === undefined && answer !== undefined) resolve(answer)
          else reject(failure ?? new GrpcFailure(-1, `${endpoint} has answered nothing`, { isSent: true }))
        },
      })
      stream.send(message)
      stream.endOfRequest()
    })
  }

  stream(path: string, metadata: GrpcMetadata, sink: GrpcStreamSink): GrpcStream & { endOfRequest(): void } {
    let isOver = false
    let status = -1
    let text = ''
    let error: unknown
    const learn = (headers: IncomingHttpHeaders): void => {
      const given = headers['grpc-status']
      if (given === undefined) return
      status = Number(given)
      text = decoded(String(headers['grpc-message'] ?? ''))
    }
    const connection = this.#open()
    const stream: ClientHttp2Stream = connection.session.request({
      ...metadata,
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const over = (): void => {
      if (isOver) return
      isOver = true
      // To make an error costs as much as the rest of a call.
      if (status === 0 && error === undefined) {
        sink.ended(undefined)
        return
      }
      const { endpoint } = this.#options
      const reason = error instanceof Error ? error.message : 'the connection was lost'
      sink.ended(
        new GrpcFailure(status, status >= 0 ? text : `${endpoint}: ${reason}`, {
          isSent: connection.isConnected,
          cause: error,
        }),
      )
    }
    const frames = new Frames(bytes => {
      if (isOver) return
      try {
        sink.message(bytes)
      } catch (failure) {
        error = failure
        stream.close(constants.NGHTTP2_CANCEL)
      }
    })
    stream.on('response', headers => {
      learn(headers)
      const code = headers[':status']
      if (code !== 200) error = new Error(`it has answered with HTTP status ${code}; is it an etcd?`)
    })
    stream.on('trailers', learn)
    stream.on('data', (chunk: Buffer) => frames.take(chunk))
    stream.on('error', failure => void (error ??= failure))
    stream.on('close', over)
    return {
      send: message => {
        if (!stream.destroyed) stream.write(frameOf(message))
      },
      endOfRequest: () => stream.end(),
      close: () => {
        isOver = true
        stream.close(constants.NGHTTP2_CANCEL)
      },
    }
  }

  close(): void {
    this.#cancelPing()
    this.#connection?.session.destroy()
    this.#connection = undefined
  }

  #open(): Connection {
    const known = this.#connection
    if (known !== undefined && !known.session.closed && !known.session.destroyed) return known
    const { endpoint, tls } = this.#options
    const session = connect(`${tls === undefined ? 'http' : 'https'}://${endpoint}`, {
      ...tlsOf(tls),
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
      maxSessionMemory: 1_000,
    })
    const connection: Connection = { session, isConnected: false }
    this.#connection = connection
    session.on('connect', () => {
      connection.isConnected = true
      session.setLocalWindowSize(WINDOW_BYTES)
    })
    // Each call that is open hears of it.
    session.on('error', () => {})
    session.on('goaway', () => session.close())
    session.on('close', () => {
      if (this.#connection === connection) this.#connection = undefined
    })
    this.#ping(session)
    return connection
  }

  /** A server that has stopped leaves its connections open. */
  #ping(session: ClientHttp2Session): void {
    this.#cancelPing()
    const { clock } = this.#options.env
    this.#cancelPing = clock.after(PING_INTERVAL_MS, () => {
      if (session.destroyed || session.closed) return
      let isAlive = false
      const asked = !session.connecting && session.ping(() => void (isAlive = true))
      this.#cancelPing = clock.after(PING_INTERVAL_MS, () => {
        if (session.destroyed || session.closed) return
        if (asked && isAlive) this.#ping(session)
        else session.destroy(new Error(`it is silent for ${PING_INTERVAL_MS} ms`))
      })
    })
  }
}

function tlsOf(tls: EtcdTls | undefined): object {
  if (tls === undefined) return {}
  const { serverName } = tls
  return { ...secureContextOf(tls), ...(serverName === undefined ? {} : { servername: serverName }) }
}

/** What stands between may not have encoded it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A message as it goes over the wire: not compressed, its length, itself. */
function frameOf(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(5 + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  return frame
}

/** Puts messages together from the pieces in which they come. */
class Frames {
  readonly #tell: (message: Uint8Array) => void
  #pieces: Buffer[] = []
  #length = 0

  constructor(tell: (message: Uint8Array) => void) {
    this.#tell = tell
  }

  take(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#length += piece.length
    while (this.#length >= 5) {
      const head = this.#joined(5)
      const size = head.readUInt32BE(1) + 5
      if (this.#length < size) return
      const whole = this.#joined(size)
      const rest = whole.subarray(size)
      this.#pieces = rest.length === 0 ? [] : [rest]
      this.#length = rest.length
      this.#tell(whole.subarray(5, size))
    }
  }

  /** The first piece, made at least so long. A large message is joined once. */
  #joined(length: number): Buffer {
    const [first] = this.#pieces
    if (first !== undefined && first.length >= length) return first
    const joined = Buffer.concat(this.#pieces)
    this.#pieces = [joined]
    return joined
  }
}
