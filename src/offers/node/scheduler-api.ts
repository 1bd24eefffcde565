import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Env } from '../../core/index.js'
import { isKeelsonError, systemEnv } from '../../core/index.js'
import { assertKnown, assertValid, isRecord, knownOptions, wholeNumber } from '../../core/internal.js'
import type { SubscribeOptions } from '../pool/framework-record.js'
import type { OfferPool } from '../pool/pool.js'
import { performCall } from './perform-call.js'
import { readBody } from './read-body.js'
import { RequestRefusal } from './request-refusal.js'
import { readCall } from './scheduler-call.js'
import type { StreamLimits } from './scheduler-stream.js'
import { SchedulerStream } from './scheduler-stream.js'

/** How the scheduler API is served. */
export interface SchedulerApiOptions {
  /** Default 127.0.0.1: there is no encryption and no authentication. */
  readonly address?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** Largest body of a call, in bytes, at least 1; larger ones are answered with 413. Default 4 MiB. */
  readonly bodyBytesMax?: number
  /** Most streams at a time, at least 1; more are answered with 503. Default 1,000. */
  readonly streamsMax?: number
  /** How often a stream has a HEARTBEAT, in ms, at least 1. Default 15,000. */
  readonly heartbeatIntervalMs?: number
  /**
   * Bytes that may wait for one client, at least 1. Beyond them its stream is ended, with a warning in the log, and its
   * framework is disconnected. Default 16 MiB.
   */
  readonly unsentBytesMax?: number
  readonly env?: Env
}

/** A server of the scheduler API. */
export interface SchedulerApi extends AsyncDisposable {
  /** Where calls are posted to. */
  readonly url: string
  /** Ends all streams, which disconnects their frameworks, and the server. Idempotent. */
  close(): Promise<void>
}

const PATH = '/api/v1/scheduler'
/** How long clients may take for what is on its way to them when the server closes. */
const CLOSE_GRACE_MS = 1_000

const OPTIONS = /* @__PURE__ */ knownOptions<SchedulerApiOptions>('serveSchedulerApi', {
  address: true,
  port: true,
  bodyBytesMax: true,
  streamsMax: true,
  heartbeatIntervalMs: true,
  unsentBytesMax: true,
  env: true,
})

/**
 * Serves a pool to schedulers that speak Mesos' v1 scheduler API with JSON over HTTP: SUBSCRIBE is answered with a
 * stream of events, and every other call with 202, or with an error and its text.
 *
 * @throws InvalidError for an option out of bounds
 * @throws Error of the system when the address or port cannot be bound
 */
export async function serveSchedulerApi(
  pool: OfferPool,
  options: SchedulerApiOptions = {},
): Promise<SchedulerApi> {
  assertKnown(options, OPTIONS)
  const { address = '127.0.0.1', port = 0, env = systemEnv } = options
  const { bodyBytesMax = 4 * 1024 * 1024, streamsMax = 1_000 } = options
  const { heartbeatIntervalMs = 15_000, unsentBytesMax = 16 * 1024 * 1024 } = options
  assertValid('scheduler API', [
    ...wholeNumber('port', port, { max: 65_535 }),
    ...wholeNumber('bodyBytesMax', bodyBytesMax, { min: 1 }),
    ...wholeNumber('streamsMax', streamsMax, { min: 1 }),
    ...wholeNumber('heartbeatIntervalMs', heartbeatIntervalMs, { min: 1 }),
    ...wholeNumber('unsentBytesMax', unsentBytesMax, { min: 1 }),
  ])
  const limits = { bodyBytesMax, streamsMax, heartbeatIntervalMs, unsentBytesMax }
  const handler = new SchedulerApiHandler(pool, env, limits)
  const server = createServer((request, response) => void handler.handle(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return new RunningSchedulerApi(server, handler, env)
}

class RunningSchedulerApi implements SchedulerApi {
  readonly url: string
  readonly #server: Server
  readonly #handler: SchedulerApiHandler
  readonly #env: Env
  #closing: Promise<void> | undefined

  constructor(server: Server, handler: SchedulerApiHandler, env: Env) {
    const { address, family, port } = server.address() as AddressInfo
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${PATH}`
    this.#server = server
    this.#handler = handler
    this.#env = env
  }

  close(): Promise<void> {
    this.#closing ??= new Promise(resolve => {
      const cutOff = this.#env.clock.after(CLOSE_GRACE_MS, () => this.#server.closeAllConnections())
      this.#server.close(() => {
        cutOff()
        resolve()
      })
      // Connections without a call would be waited for otherwise.
      void this.#handler.end().then(() => this.#server.closeAllConnections())
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

interface ApiLimits extends StreamLimits {
  readonly bodyBytesMax: number
  readonly streamsMax: number
}

class SchedulerApiHandler {
  readonly #pool: OfferPool
  readonly #env: Env
  readonly #limits: ApiLimits
  /** By framework. One that was taken over is in it no more. */
  readonly #streams = new Map<string, SchedulerStream>()
  /** Those too that end. */
  readonly #open = new Set<SchedulerStream>()

  constructor(pool: OfferPool, env: Env, limits: ApiLimits) {
    this.#pool = pool
    this.#env = env
    this.#limits = limits
  }

  /** Never rejects: what goes wrong is the answer. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response)
    } catch (error) {
      const { status, message } = this.#refusalOf(error)
      if (response.headersSent || response.destroyed) return void response.destroy()
      // The rest of the body is not read.
      const rest = request.complete ? {} : { connection: 'close' }
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...rest })
      response.end(`${message}\n`)
    }
  }

  /** Ends all streams; resolves when none is left. */
  async end(): Promise<void> {
    const open = [...this.#open]
    for (const stream of open) stream.end()
    await Promise.all(open.map(stream => stream.closed))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? '').split('?')
    if (path !== PATH) throw new RequestRefusal(404, `${path} is not there; calls are posted to ${PATH}`)
    if (request.method !== 'POST') throw new RequestRefusal(405, `${request.method} is not allowed; use POST`)
    const [type] = (request.headers['content-type'] ?? '').split(';')
    if (type?.trim().toLowerCase() !== 'application/json')
      throw new RequestRefusal(415, 'content-type must be application/json; protobuf is not supported')
    const { framework, call } = readCall(await this.#bodyOf(request))
    const streamId = request.headers['mesos-stream-id']
    if (call.type === 'SUBSCRIBE') {
      if (streamId !== undefined)
        throw new RequestRefusal(400, 'SUBSCRIBE must not have the header Mesos-Stream-Id')
      if (response.destroyed) return
      return this.#subscribe(call.options, response)
    }
    if (framework === undefined) throw new RequestRefusal(400, 'framework_id must be there')
    const stream = this.#streamOf(framework, streamId)
    if (call.type === 'notSupported') throw new RequestRefusal(501, `${call.name} is not supported`)
    await performCall(stream, call, () => this.#env.clock.now())
    response.writeHead(202).end()
  }

  async #bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
    const text = await readBody(request, this.#limits.bodyBytesMax)
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch (error) {
      throw new RequestRefusal(400, `the body must be JSON: ${String(error)}`)
    }
    if (!isRecord(body) || Array.isArray(body))
      throw new RequestRefusal(400, 'the body must be the JSON of an object')
    return body
  }

  #streamOf(framework: string, streamId: string | string[] | undefined): SchedulerStream {
    if (streamId === undefined) throw new RequestRefusal(400, 'the header Mesos-Stream-Id must be there')
    const stream = this.#streams.get(framework)
    if (stream === undefined || !stream.session.connected)
      throw new RequestRefusal(403, `framework ${framework} is not subscribed here`)
    if (stream.id !== streamId)
      throw new RequestRefusal(400, `Mesos-Stream-Id is not that of framework ${framework} now`)
    return stream
  }

  #subscribe(options: SubscribeOptions, response: ServerResponse): void {
    if (this.#open.size >= this.#limits.streamsMax)
      throw new RequestRefusal(503, `${this.#limits.streamsMax} schedulers are subscribed, which is the most`)
    const session = this.#pool.subscribe(options)
    const ended = (): void => {
      this.#open.delete(stream)
      if (this.#streams.get(session.id) === stream) this.#streams.delete(session.id)
    }
    const parts = { id: this.#env.ids.next('stream'), env: this.#env, limits: this.#limits, ended }
    const stream: SchedulerStream = new SchedulerStream(session, response, parts)
    this.#open.add(stream)
    this.#streams.set(session.id, stream)
  }

  #refusalOf(error: unknown): { readonly status: number; readonly message: string } {
    if (error instanceof RequestRefusal) return error
    if (isKeelsonError(error, 'Invalid')) return { status: 400, message: error.message }
    if (isKeelsonError(error, 'Usage')) return { status: 403, message: error.message }
    if (isKeelsonError(error, 'TooLarge')) return { status: 413, message: error.message }
    if (isKeelsonError(error, 'Closed')) return { status: 503, message: error.message }
    this.#env.logger.error({ error: String(error) }, 'a scheduler call failed')
    return { status: 500, message: 'the call failed; the log has why' }
  }
}
