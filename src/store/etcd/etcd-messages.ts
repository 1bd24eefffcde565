import type { ProtoFields } from './protobuf.js'
import { encodeMessage, ProtoMessage } from './protobuf.js'

// The messages of etcd 3 (etcdserverpb/rpc.proto, mvccpb/kv.proto) that a store needs, by their field numbers.

/** What every answer says of the cluster. */
export interface EtcdHeader {
  readonly clusterId: bigint
  /** The newest revision of the whole etcd. */
  readonly revision: number
}

export interface EtcdKeyValue {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  /** How many revisions this life of the key has had. */
  readonly version: number
}

export interface RangeRequest {
  readonly key: string
  /** Exclusive; absent for one key. */
  readonly end?: string
  readonly limit?: number
  /** As of this revision. Default: the newest. */
  readonly revision?: number
  readonly keysOnly?: boolean
}

export interface RangeResponse {
  readonly header: EtcdHeader
  readonly kvs: readonly EtcdKeyValue[]
  readonly more: boolean
}

/** What must hold for a transaction. Of a range, it must hold for each key in it. */
export type EtcdCompare =
  /** The key is as of this revision; 0: it is not there. */
  | { readonly key: string; readonly modRevision: number }
  /** No key of the range is newer than that. */
  | { readonly key: string; readonly end: string; readonly notAfter: number }
  | { readonly key: string; readonly value: string }

export type EtcdOperation =
  | { readonly put: string; readonly value: string | Uint8Array; readonly lease?: bigint }
  | { readonly delete: string }

export interface TxnResponse {
  readonly header: EtcdHeader
  readonly succeeded: boolean
}

export interface EtcdEvent {
  readonly isDelete: boolean
  readonly kv: EtcdKeyValue
}

export interface WatchResponse {
  readonly header: EtcdHeader
  /** -1 for an answer that is about no watch. */
  readonly watchId: number
  readonly created: boolean
  readonly canceled: boolean
  /** What came before was compacted; 0 if that is not why it was cancelled. */
  readonly compactRevision: number
  readonly cancelReason: string
  readonly events: readonly EtcdEvent[]
}

export function rangeRequest({ key, end, limit, revision, keysOnly }: RangeRequest): Uint8Array {
  return encodeMessage([
    [1, key],
    [2, end],
    [3, limit],
    [4, revision],
    [8, keysOnly],
  ])
}

export function rangeResponse(bytes: Uint8Array): RangeResponse {
  const message = new ProtoMessage(bytes)
  return { header: headerOf(message), kvs: message.messages(2).map(keyValueOf), more: message.flag(3) }
}

export function txnRequest(
  compares: readonly EtcdCompare[],
  operations: readonly EtcdOperation[],
): Uint8Array {
  return encodeMessage([
    [1, compares.map(compare => encodeMessage(compareFields(compare)))],
    [2, operations.map(operation => encodeMessage(operationFields(operation)))],
  ])
}

const EQUAL = 0
const LESS = 2
const MOD = 2
const VALUE = 3

function compareFields(compare: EtcdCompare): ProtoFields {
  if ('value' in compare)
    return [
      [1, EQUAL],
      [2, VALUE],
      [3, compare.key],
      [7, [compare.value]],
    ]
  if ('notAfter' in compare)
    return [
      [1, LESS],
      [2, MOD],
      [3, compare.key],
      [6, compare.notAfter + 1],
      [64, compare.end],
    ]
  const { key, modRevision } = compare
  // A 0 is left out, and means that the key is not there.
  return [
    [1, EQUAL],
    [2, MOD],
    [3, key],
    [6, modRevision],
  ]
}

function operationFields(operation: EtcdOperation): ProtoFields {
  if ('delete' in operation) return [[3, [encodeMessage([[1, operation.delete]])]]]
  const { put, value, lease } = operation
  return [
    [
      2,
      [
        encodeMessage([
          [1, put],
          [2, value],
          [3, lease],
        ]),
      ],
    ],
  ]
}

export function txnResponse(bytes: Uint8Array): TxnResponse {
  const message = new ProtoMessage(bytes)
  return { header: headerOf(message), succeeded: message.flag(2) }
}

/** Everything in the range from that revision on, with notices of progress. */
export function watchRequest(key: string, end: string, startRevision: number): Uint8Array {
  const create = encodeMessage([
    [1, key],
    [2, end],
    [3, startRevision],
    [4, true],
  ])
  return encodeMessage([[1, [create]]])
}

/** Asks for a notice of progress. */
export function progressRequest(): Uint8Array {
  return encodeMessage([[3, ['']]])
}

export function watchResponse(bytes: Uint8Array): WatchResponse {
  const message = new ProtoMessage(bytes)
  return {
    header: headerOf(message),
    watchId: message.number(2),
    created: message.flag(3),
    canceled: message.flag(4),
    compactRevision: message.number(5),
    cancelReason: message.text(6),
    events: message
      .messages(11)
      .map(event => ({ isDelete: event.number(1) === 1, kv: keyValueOf(event.message(2)) })),
  }
}

export interface LeaseResponse {
  readonly id: bigint
  /** Seconds; ≤ 0 of a lease that is not there. */
  readonly ttl: number
}

export function leaseGrantRequest(ttlSeconds: number): Uint8Array {
  return encodeMessage([[1, ttlSeconds]])
}

/** Of a revocation, a renewal, or a question. */
export function leaseIdRequest(id: bigint): Uint8Array {
  return encodeMessage([[1, id]])
}

export function leaseResponse(bytes: Uint8Array): LeaseResponse {
  const message = new ProtoMessage(bytes)
  return { id: message.id(2), ttl: message.number(3) }
}

export interface StatusResponse {
  readonly header: EtcdHeader
  readonly version: string
  /** Bytes of the database. */
  readonly dbSize: number
}

export function statusResponse(bytes: Uint8Array): StatusResponse {
  const message = new ProtoMessage(bytes)
  return { header: headerOf(message), version: message.text(2), dbSize: message.number(3) }
}

export function authenticateRequest(name: string, password: string): Uint8Array {
  return encodeMessage([
    [1, name],
    [2, password],
  ])
}

export function authenticateResponse(bytes: Uint8Array): string {
  return new ProtoMessage(bytes).text(2)
}

function headerOf(message: ProtoMessage): EtcdHeader {
  const header = message.message(1)
  return { clusterId: header.id(1), revision: header.number(3) }
}

function keyValueOf(message: ProtoMessage): EtcdKeyValue {
  return {
    key: message.text(1),
    createRevision: message.number(2),
    modRevision: message.number(3),
    version: message.number(4),
    value: message.bytes(5),
  }
}
