import type { Env } from '../../../src/core/index.js'
import { KeelsonError } from '../../../src/core/index.js'
import type { EtcdCalls, EtcdWatchSink } from '../../../src/store/etcd/etcd-connection.js'
import type {
  EtcdCompare,
  EtcdEvent,
  EtcdKeyValue,
  EtcdOperation,
  WatchResponse,
} from '../../../src/store/etcd/etcd-messages.js'
import { textOf } from '../../../src/store/etcd/protobuf.js'
import { ExpiredError } from '../../../src/store/object/store-errors.js'

const ENDPOINTS = ['fake:2379']

/** What becomes of a call: it is done; it never arrives; or it is done, and the answer is lost. */
export type CallFate = 'done' | 'refused' | 'lost'

interface Lease {
  readonly keys: Set<string>
  readonly ttl: number
  cancel: () => void
}

interface Pipe {
  readonly sink: EtcdWatchSink
  readonly key: string
  readonly end: string
  next: number
  open: boolean
}

/**
 * What the calls of an etcd mean, in memory: keys with revisions, transactions, leases, a history that can be compacted, and
 * watches. Calls and answers are steps of an env, whatever lies between.
 */
export class FakeEtcd {
  revision: number = 1
  clusterId: bigint = 1n
  readonly keys: Map<string, EtcdKeyValue> = new Map()
  /** Asked about each call. */
  fateOf: (method: string) => CallFate = () => 'done'
  /** Waited for before each call is carried out. */
  before: (method: string) => void | Promise<void> = () => {}
  /** While it is true, watches tell nothing. */
  isSlow: boolean = false
  /** How long each step takes; calls and what watches tell may overtake each other. */
  delayMs: () => number = () => 0
  /** How many operations a transaction takes. */
  operationsMax: number = 128
  readonly #env: Env
  readonly #history: (readonly EtcdEvent[])[] = []
  readonly #leases = new Map<bigint, Lease>()
  #pipes: Pipe[] = []
  #compacted = 0
  #leaseIds = 0n

  constructor(env: Env) {
    this.#env = env
  }

  get leases(): number {
    return this.#leases.size
  }

  /** As another store, or a person, would do it. */
  put(key: string, value: string): number {
    return this.#commit([{ put: key, value }])
  }

  compact(revision: number = this.revision): void {
    this.#compacted = revision
  }

  /** All watches end; what they have told may be told again by the next ones. */
  cut(): void {
    for (const pipe of this.#pipes.splice(0)) {
      pipe.open = false
      this.#step('cut', () => pipe.sink.ended(unavailable(true)))
    }
  }

  /** What is waiting is told now. */
  pump(): void {
    for (const pipe of this.#pipes) this.#step('tell', () => this.#tell(pipe))
  }

  connect(): EtcdCalls {
    const call = <T>(method: string, act: () => T): Promise<T> => this.#call(method, act)
    const header = (): { clusterId: bigint; revision: number } => this.#header
    return {
      endpoints: ENDPOINTS,
      range: ({ key, end, limit = Number.POSITIVE_INFINITY, revision }) =>
        call('range', () => {
          const kvs = this.#at(revision).filter(kv => isIn(kv.key, key, end))
          return { header: header(), kvs: kvs.slice(0, limit), more: kvs.length > limit }
        }),
      txn: (compares, operations) =>
        call('txn', () => {
          if (Math.max(compares.length, operations.length) > this.operationsMax)
            throw new KeelsonError({
              code: 'TooLarge',
              message: 'too many operations in txn request',
              details: {},
            })
          const succeeded = compares.every(compare => this.#holds(compare))
          if (succeeded && operations.length > 0) this.#commit(operations)
          return { header: header(), succeeded }
        }),
      grantLease: ttl => call('grantLease', () => this.#grant(ttl)),
      renewLease: id =>
        call('renewLease', () => {
          const lease = this.#leases.get(id)
          if (lease === undefined) return { id, ttl: 0 }
          this.#arm(id, lease)
          return { id, ttl: lease.ttl }
        }),
      revokeLease: id => call('revokeLease', () => this.#end(id)),
      askLease: id => call('askLease', () => ({ id, ttl: this.#leases.get(id)?.ttl ?? -1 })),
      status: () => call('status', () => ({ header: header(), version: '3.5.0', dbSize: 0 })),
      watch: (key, { end, startRevision }, sink) =>
        this.#watch({ sink, key, end, next: startRevision, open: true }),
      close: () => {},
    }
  }

  get #header(): { clusterId: bigint; revision: number } {
    return { clusterId: this.clusterId, revision: this.revision }
  }

  async #call<T>(method: string, act: () => T): Promise<T> {
    const fate = this.fateOf(method)
    if (fate === 'refused') {
      await this.#arrival(`${method} is lost`)
      throw unavailable(false)
    }
    await this.#arrival(method)
    await this.before(method)
    const result = act()
    await this.#arrival(`${method} is answered`)
    if (fate === 'lost') throw unavailable(true)
    return result
  }

  #arrival(label: string): Promise<void> {
    return new Promise(resolve => this.#step(label, resolve))
  }

  #step(label: string, act: () => void): void {
    const delayMs = this.delayMs()
    if (delayMs > 0) this.#env.clock.after(delayMs, act)
    else this.#env.tasks.defer(act, { kind: 'call', label })
  }

  #at(revision = this.revision): EtcdKeyValue[] {
    if (revision < this.#compacted) throw new ExpiredError(revision, this.#compacted)
    const found = new Map<string, EtcdKeyValue>()
    for (const events of this.#history)
      for (const { isDelete, kv } of events) {
        if (kv.modRevision > revision) continue
        if (isDelete) found.delete(kv.key)
        else found.set(kv.key, kv)
      }
    return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  #holds(compare: EtcdCompare): boolean {
    if ('notAfter' in compare) {
      const { key, end, notAfter } = compare
      return [...this.keys.values()].every(kv => !isIn(kv.key, key, end) || kv.modRevision <= notAfter)
    }
    const kv = this.keys.get(compare.key)
    if ('value' in compare) return kv !== undefined && textOf(kv.value) === compare.value
    return (kv?.modRevision ?? 0) === compare.modRevision
  }

  #commit(operations: readonly EtcdOperation[]): number {
    const modRevision = this.revision + 1
    const events: EtcdEvent[] = []
    for (const operation of operations) {
      const key = 'delete' in operation ? operation.delete : operation.put
      const known = this.keys.get(key)
      for (const { keys } of this.#leases.values()) keys.delete(key)
      if ('delete' in operation) {
        if (known === undefined) continue
        this.keys.delete(key)
        const kv = { key, value: new Uint8Array(), createRevision: 0, modRevision, version: 0 }
        events.push({ isDelete: true, kv })
        continue
      }
      const value = Buffer.from(operation.value)
      const { createRevision = modRevision, version = 0 } = known ?? {}
      const kv = { key, value, createRevision, modRevision, version: version + 1 }
      this.keys.set(key, kv)
      events.push({ isDelete: false, kv })
      if (operation.lease !== undefined) this.#leases.get(operation.lease)?.keys.add(key)
    }
    if (events.length === 0) return this.revision
    this.revision = modRevision
    this.#history.push(events)
    this.pump()
    return modRevision
  }

  #grant(ttl: number): { id: bigint; ttl: number } {
    const id = ++this.#leaseIds
    const lease: Lease = { keys: new Set(), ttl, cancel: () => {} }
    this.#leases.set(id, lease)
    this.#arm(id, lease)
    return { id, ttl }
  }

  #arm(id: bigint, lease: Lease): void {
    lease.cancel()
    lease.cancel = this.#env.clock.after(lease.ttl * 1_000, () => this.#end(id))
  }

  #end(id: bigint): void {
    const lease = this.#leases.get(id)
    if (lease === undefined) return
    lease.cancel()
    this.#leases.delete(id)
    this.#commit([...lease.keys].map(key => ({ delete: key })))
  }

  #watch(pipe: Pipe): ReturnType<EtcdCalls['watch']> {
    this.#step('watch', () => {
      if (!pipe.open) return
      this.#pipes.push(pipe)
      pipe.sink.answered({ ...this.#answer(0), created: true })
      this.#tell(pipe)
    })
    return {
      cancel: () => {
        pipe.open = false
        this.#pipes = this.#pipes.filter(other => other !== pipe)
      },
      askProgress: () => {
        this.#step('progress', () => {
          if (pipe.open && !this.isSlow) pipe.sink.answered(this.#answer(-1))
        })
      },
    }
  }

  #answer(watchId: number): WatchResponse {
    const header = this.#header
    return {
      header,
      watchId,
      created: false,
      canceled: false,
      compactRevision: 0,
      cancelReason: '',
      events: [],
    }
  }

  #tell(pipe: Pipe): void {
    if (!pipe.open || this.isSlow) return
    if (pipe.next <= this.#compacted) {
      pipe.open = false
      this.#pipes = this.#pipes.filter(other => other !== pipe)
      pipe.sink.answered({ ...this.#answer(0), canceled: true, compactRevision: this.#compacted })
      return
    }
    const { next, key, end } = pipe
    const events = this.#history.flat().filter(({ kv }) => kv.modRevision >= next && isIn(kv.key, key, end))
    pipe.next = this.revision + 1
    if (events.length > 0) pipe.sink.answered({ ...this.#answer(0), events })
  }
}

function isIn(key: string, from: string, end: string | undefined): boolean {
  return end === undefined ? key === from : key >= from && key < end
}

function unavailable(sent: boolean): KeelsonError {
  return new KeelsonError({
    code: 'Unavailable',
    message: sent ? 'the answer is lost' : 'nothing was changed',
    details: { endpoints: ENDPOINTS, reason: 'fake', sent },
  } as ConstructorParameters<typeof KeelsonError>[0])
}
