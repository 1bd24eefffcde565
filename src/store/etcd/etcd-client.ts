import type { Env, StepInfo } from '../../core/index.js'
import { assertKnown, knownOptions, ownOptions } from '../../core/internal.js'
import { aboutWrite, capturedWrite, idOfWrite } from '../client/captured-write.js'
import type { Client, ClientOptions } from '../client/client.js'
import type { ClientWrite, OptimisticWrite, TransactWrite } from '../client/client-write.js'
import { DelegatingClient } from '../client/delegating-client.js'
import { assertTransactOptions } from '../client/engine-client.js'
import { ownFence } from '../client/fence.js'
import type { Lifetimes } from '../lifetime/lifetimes.js'
import type { StoredObject } from '../object/object.js'
import { keyText } from '../object/object.js'
import { causeOf } from '../object/write-cause.js'
import { Overlay } from '../transaction/overlay.js'
import { perform } from '../transaction/perform.js'
import { decideTransaction } from '../transaction/run-transaction.js'
import { assertWriteOptions, WRITES } from '../write/known-write-options.js'
import type { ObjectWrite } from '../write/object-write.js'
import type { AttemptResult, AttemptSite, EtcdWriter } from './committer.js'
import type { EtcdClientParts } from './etcd-client-parts.js'
import { runOptimisticInEtcd } from './etcd-optimistic.js'

const CLIENT_OPTIONS = /* @__PURE__ */ knownOptions<ClientOptions>('client', { fence: true })

/** Reads go to the replica, writes to etcd. */
export class EtcdClient extends DelegatingClient {
  readonly #parts: EtcdClientParts
  readonly #options: EtcdWriter
  readonly #lifetimes: Lifetimes

  /** @param base reads and watches for the same env */
  constructor(base: Client, parts: EtcdClientParts, options: EtcdWriter) {
    super(base)
    this.#parts = parts
    this.#options = options
    this.#lifetimes = parts.lifetimes.for(options)
  }

  override get lifetimes(): Lifetimes {
    return this.#lifetimes
  }

  override client(env: Env, options: ClientOptions = {}): Client {
    assertKnown(options, CLIENT_OPTIONS)
    const { fence } = options
    const { engine } = this.#parts.replica.parts
    const { fences } = this.#options
    return new EtcdClient(this.base.client(env), this.#parts, {
      steps: env,
      fences: fence === undefined ? fences : [...fences, ownFence(engine, fence)],
    })
  }

  protected override write(write: ClientWrite): Promise<never> {
    try {
      if (write.verb === 'transact') return this.#transact(write) as Promise<never>
      if (write.verb === 'optimistic') return this.#optimistic(write) as Promise<never>
      return this.#writeObject(write) as Promise<never>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #writeObject(write: ObjectWrite): Promise<StoredObject> {
    const { committer, replica, queues } = this.#parts
    const { engine } = replica.parts
    assertWriteOptions(write, WRITES)
    const captured = capturedWrite(engine, write)
    const id = idOfWrite(captured)
    const cause = causeOf(captured.options)
    const attempt = ({ reads, replies, lifetimes }: AttemptSite): AttemptResult<StoredObject> => {
      const overlay = new Overlay({ engine, lifetimes }, { base: reads, canWait: true, replies })
      try {
        const result = perform(overlay, captured)
        return { result, mutations: overlay.mutations, kept: overlay.kept }
      } finally {
        overlay.ended = true
      }
    }
    const dryRun = captured.options.dryRun === true
    const steps = this.#steps(() => aboutWrite(captured))
    const { fences } = this.#options
    const { committed } = captured.options
    const commit = (): Promise<StoredObject> =>
      committer.commit({ attempt, fences, cause, dryRun, steps, committed })
    // Those of one writer to one object keep their order, and do not lose to each other.
    return queues.of(this.#options.steps).run(id === undefined ? undefined : keyText(id), commit)
  }

  #transact(write: TransactWrite): Promise<unknown> {
    assertTransactOptions(write)
    const { committer, replica, queues } = this.#parts
    const { engine } = replica.parts
    const { body } = write
    const options = ownOptions(write.options)
    const cause = causeOf(options)
    const attempt = ({ reads, replies, lifetimes }: AttemptSite): AttemptResult<unknown> =>
      decideTransaction(new Overlay({ engine, lifetimes }, { base: reads, replies }), body, options)
    const { dryRun = false, committed } = options
    const request = { attempt, fences: this.#options.fences, cause, dryRun, committed }
    return queues
      .of(this.#options.steps)
      .afterAll(() => committer.commit({ ...request, steps: this.#steps(() => ({ label: 'transact' })) }))
  }

  #optimistic(write: OptimisticWrite): Promise<unknown> {
    assertTransactOptions(write)
    const { fences } = this.#options
    return runOptimisticInEtcd(this.#parts, write, {
      fences,
      steps: this.#steps(() => ({ label: 'optimistic' })),
    })
  }

  #steps(
    about: () => Omit<StepInfo, 'kind' | 'reads'>,
  ): { readonly env: Env; readonly about: StepInfo } | undefined {
    const { steps: env, fences } = this.#options
    if (env === undefined) return undefined
    const { label, writes } = about()
    if (writes === undefined) return { env, about: { kind: 'commit', label } }
    const reads = [...fences.map(({ kind, ref }) => keyText({ kind: kind.kind, ...ref })), ...writes]
    return { env, about: { kind: 'commit', label, writes, reads } }
  }
}
