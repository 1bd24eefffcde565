import type { FieldProblem } from '../../core/index.js'
import { InvalidError, KeelsonError, systemEnv, UsageError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, knownOptions, SharedTimeout, wholeNumber } from '../../core/internal.js'
import type { StoreOptions } from '../client/memory-store.js'
import { STORE_NAMES } from '../client/memory-store.js'
import { startReplica } from '../replica/replica.js'
import { Committer } from './committer.js'
import type { EtcdCalls, EtcdOptions } from './etcd-connection.js'
import { EtcdConnection } from './etcd-connection.js'
import { EtcdLifetimes } from './etcd-lifetimes.js'
import { EtcdSource } from './etcd-source.js'
import type { EtcdStore } from './etcd-store.js'
import { ReplicatedStore } from './etcd-store.js'
import type { EtcdTls } from './etcd-tls.js'
import { tlsProblems } from './etcd-tls.js'
import { KeyQueues } from './key-queue.js'
import { KeySpace } from './key-space.js'
import { Mirror } from './mirror.js'
import { SentObjects } from './sent-objects.js'

/** What a store in etcd is made from. */
export interface ConnectStoreOptions extends StoreOptions {
  readonly etcd: EtcdOptions
  /** How long a write is tried again because others were faster, before it is a `Timeout`, ms ≥ 1. Default 30,000. */
  readonly contentionMs?: number
}

const PREFIX = '/keelson'
const CONTENTION_MS = 30_000

/** The oldest that has ranges in compares, notices of progress on demand, and leases as they are today. */
const VERSION_MIN: readonly [number, number] = [3, 4]

const CONNECT_STORE_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<ConnectStoreOptions>(
  'connectStore',
  {
    ...STORE_NAMES,
    etcd: true,
    contentionMs: true,
  },
)

const ETCD_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<EtcdOptions>('etcd', {
  endpoints: true,
  prefix: true,
  user: true,
  password: true,
  tls: true,
  timeoutMs: true,
})

const TLS_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<EtcdTls>('etcd.tls', {
  ca: true,
  cert: true,
  key: true,
  serverName: true,
})

/**
 * A store that lives in an etcd (3.4 or newer), and is the same in every process that connects to the same prefix: what
 * `createStore` gives, with reads from a replica in memory and writes by compare-and-swap. A write resolves when etcd has
 * committed it and this store shows it. Reads never wait; `freshness` says how old they may be.
 *
 * A connection that breaks is made again, watches continue where they were. When etcd has compacted what was missed,
 * watches end with `SlowConsumerError` and `listAndWatch` heals. When etcd has lost data the store ends with `Corrupt`.
 *
 * @throws UsageError, InvalidError for options that can never work; KeelsonError `Unavailable` when no member answers,
 * `Forbidden` for a user that may not, `Unsupported` for an older etcd or newer data, `Corrupt` for what is no store
 */
export async function connectStore(options: ConnectStoreOptions): Promise<EtcdStore> {
  assertKnown(options, CONNECT_STORE_OPTIONS)
  assertEtcd(options.etcd, options.contentionMs)
  return connectStoreOn(new EtcdConnection(options.env ?? systemEnv, options.etcd), options)
}

/**
 * As `connectStore`, over any connection.
 *
 * @internal
 */
export async function connectStoreOn(
  connection: EtcdCalls,
  { etcd, contentionMs = CONTENTION_MS, ...ofStore }: ConnectStoreOptions,
): Promise<EtcdStore> {
  const { env = systemEnv } = ofStore
  const keys = keySpaceOf(etcd)
  let lifetimes: EtcdLifetimes | undefined
  const early: string[] = []
  const mirror = new Mirror(keys, env.clock, id => {
    if (lifetimes === undefined) early.push(id)
    else void lifetimes.end(id)
  })
  try {
    assertVersion((await connection.status()).version, etcd.endpoints)
    const sent = new SentObjects()
    const source = new EtcdSource(env, { connection, keys, mirror, sent })
    const incarnation = await source.identify()
    for (const { secret, apiVersion, kind } of ofStore.kinds)
      if (secret) {
        const key = keys.secret(`${apiVersion}/${kind}`)
        await connection.txn([{ key, modRevision: 0 }], [{ put: key, value: '1' }])
      }
    const replica = await startReplica(source, { ...ofStore, incarnation })
    const contention = new SharedTimeout(env.clock, contentionMs)
    const parts = { connection, keys, mirror, sent, replica, contention }
    const committer = new Committer(parts)
    lifetimes = new EtcdLifetimes(parts, committer, { steps: undefined, fences: [] })
    for (const id of early) void lifetimes.end(id)
    return new ReplicatedStore({ ...parts, committer, lifetimes, queues: new KeyQueues() })
  } catch (error) {
    connection.close()
    throw error
  }
}

/** What is below the prefix. */
export function keySpaceOf({ prefix = PREFIX }: EtcdOptions): KeySpace {
  return new KeySpace(prefix.replace(/\/+$/, ''))
}

/** @throws UsageError, InvalidError */
export function assertEtcd(etcd: EtcdOptions, contentionMs: number = CONTENTION_MS): void {
  assertKnown(etcd, ETCD_OPTIONS)
  if (etcd.tls !== undefined) assertKnown(etcd.tls, TLS_OPTIONS)
  const { endpoints, prefix = PREFIX, user, password, timeoutMs = 1 } = etcd
  if (!Array.isArray(endpoints) || endpoints.length === 0)
    throw new UsageError('connectStore needs etcd.endpoints, the members of an etcd as host:port', {
      endpoints,
    })
  const problems: FieldProblem[] = []
  for (const [index, endpoint] of (endpoints as readonly unknown[]).entries()) {
    if (typeof endpoint === 'string' && /^[^/\s]+:\d{1,5}$/.test(endpoint)) continue
    const message = 'must be host:port, without http://; for TLS give etcd.tls'
    problems.push({ field: `etcd.endpoints[${index}]`, value: endpoint, message })
  }
  if (typeof prefix !== 'string' || !/^\/[^\s]*[^/\s]/.test(prefix))
    problems.push({
      field: 'etcd.prefix',
      value: prefix,
      message: 'must begin with / and name something, for example /app',
    })
  if ((user === undefined) !== (password === undefined))
    problems.push({ field: 'etcd.user', value: user, message: 'comes with a password, or not at all' })
  if (etcd.tls !== undefined) problems.push(...tlsProblems(etcd.tls))
  problems.push(...wholeNumber('etcd.timeoutMs', timeoutMs, { min: 1 }))
  problems.push(...wholeNumber('contentionMs', contentionMs, { min: 1 }))
  if (problems.length > 0) throw new InvalidError('connectStore', problems)
}

/** @throws KeelsonError `Unsupported` */
export function assertVersion(version: string, endpoints: readonly string[]): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [majorMin, minorMin] = VERSION_MIN
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return
  throw new KeelsonError({
    code: 'Unsupported',
    message: `etcd at ${endpoints.join(', ')} is version ${version}, and ${VERSION_MIN.join('.')} is the oldest that has what a store needs; upgrade it`,
    details: { version, versionMin: VERSION_MIN.join('.') },
  })
}
