import type { Random } from '../../../src/core/index.js'
import { isKeelsonError } from '../../../src/core/index.js'
import type { Client, Kind, StoredObject } from '../../../src/store/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { Operation } from './check-linearizable.js'
import type { CounterSeen, StoreAnswer, StoreCall } from './object-model.js'

export const Counter: Kind<{ value: number }> = kindOf<{ value: number }>('Counter')

/** Some names are enough for clients to meet. */
const NAMES = ['a', 'b', 'c']

const ref = (name: string) => ({ namespace: 'default', name })

export interface HistoryOptions {
  readonly calls: number
  readonly random: Random
  /** Time passes between two calls of a client, so that the calls of others fall in between. */
  pause(): Promise<void>
  /** True when the process of the client is gone: it makes no more calls, and hears no more answers. Default: it lives. */
  readonly isGone?: () => boolean
}

/** A call that may still be answered. */
type OpenOperation = {
  -readonly [Key in keyof Operation<StoreCall, StoreAnswer>]: Operation<StoreCall, StoreAnswer>[Key]
}

/** Where the calls of several clients are put down, in one order of events. */
export class HistoryRecorder {
  readonly #operations: OpenOperation[] = []
  #events = 0

  get operations(): readonly Operation<StoreCall, StoreAnswer>[] {
    return this.#operations
  }

  /** The client makes random calls, one after the other; ends early when the store is closed or lost. */
  async record(name: string, client: Client, options: HistoryOptions): Promise<void> {
    const { calls, random, pause, isGone = () => false } = options
    let lastSeen = '1'
    for (let index = 0; index < calls && !isGone(); index++) {
      const answer = await this.call(name, client, anyCall(random, lastSeen), isGone)
      if (answer === undefined) return
      for (const seen of 'seen' in answer ? Object.values(answer.seen) : [])
        if (seen !== null) lastSeen = seen.version
      await pause()
    }
  }

  /** One call; resolves with its answer, undefined when none was heard. */
  async call(
    name: string,
    client: Client,
    input: StoreCall,
    isGone: () => boolean = () => false,
  ): Promise<StoreAnswer | undefined> {
    const operation: OpenOperation = { client: name, input, calledAt: ++this.#events }
    this.#operations.push(operation)
    const answer = await answerOf(client, input)
    if (answer === undefined || isGone()) return undefined
    operation.answer = { at: ++this.#events, output: answer }
    return answer
  }

  /** The process of all clients is gone: what was not answered has happened by now, or never will. */
  lose(): void {
    const at = ++this.#events
    for (const operation of this.#operations) if (operation.answer === undefined) operation.lostAt ??= at
  }
}

function anyCall(random: Random, expected: string): StoreCall {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T
  const [name, other] = [pick(NAMES), pick(NAMES)]
  const value = Math.floor(random.next() * 10)
  const calls: readonly StoreCall[] = [
    { verb: 'create', name, value },
    { verb: 'create', name, value },
    { verb: 'update', name, value, expected },
    { verb: 'modify', name, add: value },
    { verb: 'delete', name },
    { verb: 'delete', name, expected },
    {
      verb: 'move',
      from: name,
      to: other === name ? (NAMES.find(each => each !== name) ?? '') : other,
      amount: value,
    },
    { verb: 'read', names: NAMES },
    { verb: 'read', names: [name] },
  ]
  return pick(calls)
}

/** Undefined when it cannot be told whether the call has taken effect. */
async function answerOf(client: Client, call: StoreCall): Promise<StoreAnswer | undefined> {
  try {
    return { seen: await seenBy(client, call) }
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    if (isKeelsonError(error, 'Closed', 'StorageFailed', 'Timeout', 'Unavailable')) return undefined
    return { error: error.code }
  }
}

async function seenBy(
  client: Client,
  call: StoreCall,
): Promise<Readonly<Record<string, CounterSeen | null>>> {
  switch (call.verb) {
    case 'create':
      return seen([await client.create(Counter, { metadata: ref(call.name), spec: { value: call.value } })])
    case 'update': {
      const metadata = { ...ref(call.name), resourceVersion: call.expected }
      return seen([await client.update(Counter, { metadata, spec: { value: call.value } })])
    }
    case 'modify':
      return seen([
        await client.modify(Counter, ref(call.name), draft => {
          draft.spec.value += call.add
        }),
      ])
    case 'delete':
      await client.delete(
        Counter,
        ref(call.name),
        call.expected === undefined ? {} : { preconditions: { resourceVersion: call.expected } },
      )
      return {}
    case 'move':
      return seen(
        await client.transact(tx =>
          [
            { name: call.from, add: -call.amount },
            { name: call.to, add: call.amount },
          ].map(({ name, add }) =>
            tx.modify(Counter, ref(name), draft => {
              draft.spec.value += add
            }),
          ),
        ),
      )
    case 'read':
      return client.transact(tx =>
        Object.fromEntries(
          call.names.map(name => {
            const object = tx.get(Counter, ref(name))
            return [name, object === undefined ? null : counterSeen(object)]
          }),
        ),
      )
  }
}

function seen(objects: readonly StoredObject<{ value: number }>[]): Readonly<Record<string, CounterSeen>> {
  return Object.fromEntries(objects.map(object => [object.metadata.name, counterSeen(object)]))
}

function counterSeen({ metadata, spec }: StoredObject<{ value: number }>): CounterSeen {
  return { value: spec.value, version: metadata.resourceVersion }
}
