import type { Cancel, Env } from '../../core/index.js'
import { ClosedError } from '../../core/index.js'
import { etcdError, GrpcFailure, isTokenOver, isTransient, noMessage } from './etcd-errors.js'
import type {
  EtcdCompare,
  EtcdOperation,
  LeaseResponse,
  RangeRequest,
  RangeResponse,
  StatusResponse,
  TxnResponse,
  WatchResponse,
} from './etcd-messages.js'
import {
  authenticateRequest,
  authenticateResponse,
  leaseGrantRequest,
  leaseIdRequest,
  leaseResponse,
  progressRequest,
  rangeRequest,
  rangeResponse,
  statusResponse,
  txnRequest,
  txnResponse,
  watchRequest,
  watchResponse,
} from './etcd-messages.js'
import type { EtcdTls } from './etcd-tls.js'
import type { GrpcMetadata } from './grpc-channel.js'
import { GrpcChannel } from './grpc-channel.js'

/** How an etcd is reached. */
export interface EtcdOptions {
  /** `host:port` of its members, at least one. Calls go to one of them, and to the next when that does not answer. */
  readonly endpoints: readonly string[]
  /** Begins every key. Stores with the same prefix are one store; others do not see each other. Default `/keelson`. */
  readonly prefix?: string
  /** A user of etcd who may read and write under the prefix. Default: etcd asks for none. */
  readonly user?: string
  readonly password?: string
  /** Default: plain text. */
  readonly tls?: EtcdTls
  /** How long a call may take before it is `Unavailable`, ms ≥ 1. Default 5,000. */
  readonly timeoutMs?: number
}

/** A range that is watched. */
export interface EtcdWatchSink {
  answered(response: WatchResponse): void
  ended(error: unknown): void
}

/** The calls that a store makes. */
export type EtcdCalls = Pick<
  EtcdConnection,
  | 'endpoints'
  | 'range'
  | 'txn'
  | 'grantLease'
  | 'renewLease'
  | 'revokeLease'
  | 'askLease'
  | 'status'
  | 'watch'
  | 'close'
>

const ETCD_TIMEOUT_MS = 5_000

/** The calls of etcd that a store needs, to whichever member answers. */
export class EtcdConnection {
  readonly #options: EtcdOptions
  readonly #channels: readonly GrpcChannel[]
  #current = 0
  #token: Promise<string> | undefined
  #closed = false

  constructor(env: Env, options: EtcdOptions) {
    this.#options = options
    const { endpoints, tls, timeoutMs = ETCD_TIMEOUT_MS } = options
    this.#channels = endpoints.map(endpoint => new GrpcChannel({ env, endpoint, tls, timeoutMs }))
  }

  get endpoints(): readonly string[] {
    return this.#options.endpoints
  }

  range(request: RangeRequest): Promise<RangeResponse> {
    return this.#call('KV/Range', rangeRequest(request), rangeResponse, true)
  }

  /** Does all operations if all compares hold. Not tried again when it is not known whether it was done. */
  txn(compares: readonly EtcdCompare[], operations: readonly EtcdOperation[]): Promise<TxnResponse> {
    const isRead = operations.length === 0
    return this.#call('KV/Txn', txnRequest(compares, operations), txnResponse, isRead)
  }

  grantLease(ttlSeconds: number): Promise<LeaseResponse> {
    return this.#call('Lease/LeaseGrant', leaseGrantRequest(ttlSeconds), leaseResponse, true)
  }

  renewLease(id: bigint): Promise<LeaseResponse> {
    return this.#call('Lease/LeaseKeepAlive', leaseIdRequest(id), leaseResponse, true)
  }

  async revokeLease(id: bigint): Promise<void> {
    await this.#call('Lease/LeaseRevoke', leaseIdRequest(id), () => undefined, true)
  }

  askLease(id: bigint): Promise<LeaseResponse> {
    return this.#call('Lease/LeaseTimeToLive', leaseIdRequest(id), leaseResponse, true)
  }

  status(): Promise<StatusResponse> {
    return this.#call('Maintenance/Status', new Uint8Array(), statusResponse, true)
  }

  /** Tells what happens in the range from that revision on, until it is cancelled or ends. */
  watch(
    key: string,
    { end, startRevision }: { readonly end: string; readonly startRevision: number },
    sink: EtcdWatchSink,
  ): { readonly cancel: Cancel; readonly askProgress: () => void } {
    let isOver = false
    let close: Cancel = () => {}
    let askProgress: () => void = () => {}
    const begin = async (): Promise<void> => {
      const metadata = await this.#metadata()
      if (isOver) return
      // A member that was cut off from the others ends it, and does not pretend that nothing happens.
      const withLeader = { ...metadata, hasleader: 'true' }
      const stream = this.#channel.stream('/etcdserverpb.Watch/Watch', withLeader, {
        message: bytes => {
          if (isOver) return
          try {
            sink.answered(watchResponse(bytes))
          } catch (error) {
            stream.close()
            over(error instanceof RangeError ? noMessage(error) : error)
          }
        },
        ended: failure => over(failure ?? new GrpcFailure(-1, 'the watch was ended', { isSent: true })),
      })
      close = () => stream.close()
      askProgress = () => stream.send(progressRequest())
      stream.send(watchRequest(key, end, startRevision))
    }
    const over = (failure: unknown): void => {
      if (isOver) return
      isOver = true
      if (failure instanceof GrpcFailure) this.#learn(failure)
      sink.ended(failure instanceof GrpcFailure ? etcdError(failure, this.endpoints) : failure)
    }
    begin().catch(over)
    return {
      cancel: () => {
        isOver = true
        close()
      },
      askProgress: () => askProgress(),
    }
  }

  /** Has the next call go to another member. */
  switchMember(): void {
    this.#current = (this.#current + 1) % this.#channels.length
  }

  close(): void {
    this.#closed = true
    for (const channel of this.#channels) channel.close()
  }

  get #channel(): GrpcChannel {
    if (this.#closed) throw new ClosedError('the connection to etcd')
    return this.#channels[this.#current] as GrpcChannel
  }

  /** @param isRepeatable whether it may be done twice */
  async #call<T>(
    method: string,
    message: Uint8Array,
    read: (answer: Uint8Array) => T,
    isRepeatable: boolean,
  ): Promise<T> {
    // Each member once more than there are: a token that is over costs one attempt.
    for (let left = this.#channels.length; ; left--) {
      try {
        const known = this.#metadata()
        const metadata = known instanceof Promise ? await known : known
        return read(await this.#channel.unary(`/etcdserverpb.${method}`, message, metadata))
      } catch (error) {
        if (error instanceof RangeError) throw etcdError(noMessage(error), this.endpoints)
        if (!(error instanceof GrpcFailure)) throw error
        this.#learn(error)
        const again = isTokenOver(error) ? this.#options.user !== undefined : isTransient(error)
        if (left === 0 || !again || (error.isSent && !isRepeatable && !isTokenOver(error)))
          throw etcdError(error, this.endpoints)
      }
    }
  }

  #learn(failure: GrpcFailure): void {
    if (isTokenOver(failure)) this.#token = undefined
    else if (isTransient(failure)) this.switchMember()
  }

  #metadata(): GrpcMetadata | Promise<GrpcMetadata> {
    const { user, password = '' } = this.#options
    return user === undefined ? NO_METADATA : this.#withToken(user, password)
  }

  async #withToken(user: string, password: string): Promise<GrpcMetadata> {
    this.#token ??= this.#channel
      .unary('/etcdserverpb.Auth/Authenticate', authenticateRequest(user, password), NO_METADATA)
      .then(authenticateResponse)
    try {
      return { token: await this.#token }
    } catch (error) {
      this.#token = undefined
      throw error
    }
  }
}

const NO_METADATA: GrpcMetadata = /* @__PURE__ */ Object.freeze({})
