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
}

/** Where the calls of several clients are put down, in one order of events. */
export class HistoryRecorder {
  readonly operations: Operation<StoreCall, StoreAnswer>[] = []
  #events = 0

  /** The client makes random calls, one after the other; ends early when the store is closed or lost. */
  async record(name: string, client: Client, { calls, random, pause }: HistoryOptions): Promise<void> {
    let lastSeen = '1'
    for (let index = 0; index < calls; index++) {
      const input = anyCall(random, lastSeen)
      const calledAt = ++this.#events
      const answer = await answerOf(client, input)
      this.operations.push({
        client: name,
        input,
        calledAt,
        ...(answer === undefined ? {} : { answer: { at: ++this.#events, output: answer } }),
      })
      if (answer === undefined) return
      for (const seen of 'seen' in answer ? Object.values(answer.seen) : [])
        if (seen !== null) lastSeen = seen.version
      await pause()
    }
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
    if (isKeelsonError(error, 'Closed', 'Timeout', 'Unavailable')) return undefined
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
