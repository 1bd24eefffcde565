import { encodeMessage, MessageReader, MessageWriter } from './protobuf.js'

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
  const reader = new MessageReader(bytes)
  let header = NO_HEADER
  const kvs: EtcdKeyValue[] = []
  let more = false
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) header = headerOf(reader.message())
    else if (field === 2) kvs.push(keyValueOf(reader.message()))
    else if (field === 3) more = reader.flag()
  }
  return { header, kvs, more }
}

/** What a compare or an operation takes besides its texts, and a little more. */
const PART_BYTES = 64

export function txnRequest(
  compares: readonly EtcdCompare[],
  operations: readonly EtcdOperation[],
): Uint8Array {
  let size = PART_BYTES
  for (const { key } of compares) size += PART_BYTES + key.length
  for (const one of operations)
    size += PART_BYTES + ('delete' in one ? one.delete.length : one.put.length + one.value.length)
  const writer = new MessageWriter(size)
  for (let index = operations.length - 1; index >= 0; index--) {
    const before = writer.length
    writeOperation(writer, operations[index] as EtcdOperation)
    writer.message(2, before)
  }
  for (let index = compares.length - 1; index >= 0; index--) {
    const before = writer.length
    writeCompare(writer, compares[index] as EtcdCompare)
    writer.message(1, before)
  }
  return writer.bytes
}

const EQUAL = 0
const LESS = 2
const MOD = 2
const VALUE = 3

// The last field first.

function writeCompare(writer: MessageWriter, compare: EtcdCompare): void {
  if ('value' in compare) writer.element(7, compare.value)
  else if ('notAfter' in compare) {
    writer.value(64, compare.end)
    writer.value(6, compare.notAfter + 1)
  }
  // A 0 is left out, and means that the key is not there.
  else writer.value(6, compare.modRevision)
  writer.value(3, compare.key)
  writer.value(2, 'value' in compare ? VALUE : MOD)
  writer.value(1, 'notAfter' in compare ? LESS : EQUAL)
}

function writeOperation(writer: MessageWriter, operation: EtcdOperation): void {
  const before = writer.length
  if ('delete' in operation) {
    writer.value(1, operation.delete)
    writer.message(3, before)
    return
  }
  writer.value(3, operation.lease)
  writer.value(2, operation.value)
  writer.value(1, operation.put)
  writer.message(2, before)
}

export function txnResponse(bytes: Uint8Array): TxnResponse {
  const reader = new MessageReader(bytes)
  let header = NO_HEADER
  let succeeded = false
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) header = headerOf(reader.message())
    else if (field === 2) succeeded = reader.flag()
  }
  return { header, succeeded }
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
  const reader = new MessageReader(bytes)
  let header = NO_HEADER
  let watchId = 0
  let created = false
  let canceled = false
  let compactRevision = 0
  let cancelReason = ''
  const events: EtcdEvent[] = []
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) header = headerOf(reader.message())
    else if (field === 2) watchId = reader.number()
    else if (field === 3) created = reader.flag()
    else if (field === 4) canceled = reader.flag()
    else if (field === 5) compactRevision = reader.number()
    else if (field === 6) cancelReason = reader.text()
    else if (field === 11) events.push(eventOf(reader.message()))
  }
  return { header, watchId, created, canceled, compactRevision, cancelReason, events }
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
  const reader = new MessageReader(bytes)
  let id = 0n
  let ttl = 0
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) id = reader.id()
    else if (field === 3) ttl = reader.number()
  }
  return { id, ttl }
}

export interface StatusResponse {
  readonly header: EtcdHeader
  readonly version: string
  /** Bytes of the database. */
  readonly dbSize: number
}

export function statusResponse(bytes: Uint8Array): StatusResponse {
  const reader = new MessageReader(bytes)
  let header = NO_HEADER
  let version = ''
  let dbSize = 0
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) header = headerOf(reader.message())
    else if (field === 2) version = reader.text()
    else if (field === 3) dbSize = reader.number()
  }
  return { header, version, dbSize }
}

export function authenticateRequest(name: string, password: string): Uint8Array {
  return encodeMessage([
    [1, name],
    [2, password],
  ])
}

export function authenticateResponse(bytes: Uint8Array): string {
  const reader = new MessageReader(bytes)
  let token = ''
  for (let field = reader.next(); field !== 0; field = reader.next()) if (field === 2) token = reader.text()
  return token
}

const NO_HEADER: EtcdHeader = { clusterId: 0n, revision: 0 }

function headerOf(reader: MessageReader): EtcdHeader {
  let { clusterId, revision } = NO_HEADER
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) clusterId = reader.id()
    else if (field === 3) revision = reader.number()
  }
  return { clusterId, revision }
}

function eventOf(reader: MessageReader): EtcdEvent {
  let isDelete = false
  let kv = NO_KEY_VALUE
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) isDelete = reader.number() === 1
    else if (field === 2) kv = keyValueOf(reader.message())
  }
  return { isDelete, kv }
}

const NO_KEY_VALUE: EtcdKeyValue = {
  key: '',
  createRevision: 0,
  modRevision: 0,
  version: 0,
  value: /* @__PURE__ */ new Uint8Array(),
}

function keyValueOf(reader: MessageReader): EtcdKeyValue {
  let { key, createRevision, modRevision, version, value } = NO_KEY_VALUE
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.text()
    else if (field === 2) createRevision = reader.number()
    else if (field === 3) modRevision = reader.number()
    else if (field === 4) version = reader.number()
    else if (field === 5) value = reader.bytes()
  }
  return { key, createRevision, modRevision, version, value }
}
