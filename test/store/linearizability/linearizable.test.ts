import { describe, expect, test } from 'vitest'
import { createSeededRandom } from '../../../src/core/index.js'
import type { ClientWrite } from '../../../src/store/client/client-write.js'
import type { Client } from '../../../src/store/index.js'
import { createStore, DelegatingClient } from '../../../src/store/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import type { Operation } from './check-linearizable.js'
import { checkLinearizable } from './check-linearizable.js'
import type { StoreAnswer, StoreCall } from './object-model.js'
import { counterStore } from './object-model.js'
import { Counter, HistoryRecorder } from './record-history.js'

const CALLS = 12

/** Five clients of one store of counters, in virtual time. */
async function historyOf(seed: number, through: (client: Client) => Client): Promise<HistoryRecorder> {
  const env = createVirtualEnv({ seed })
  const store = createStore({ kinds: [Counter], env })
  const recorder = new HistoryRecorder()
  await env.run(() =>
    Promise.all(
      [1, 2, 3, 4, 5].map(index => {
        const own = env.fork(`client-${index}`)
        const random = createSeededRandom(`${seed}-${index}`)
        // Commits are steps of an env, and wait for the steps before them: the clients overlap.
        const pause = (): Promise<void> => own.clock.sleep(Math.floor(random.next() * 3))
        return recorder.record(`client-${index}`, through(store.client(own)), { calls: CALLS, random, pause })
      }),
    ).then(() => undefined),
  )
  return recorder
}

const overlaps = (
  one: Operation<StoreCall, StoreAnswer>,
  other: Operation<StoreCall, StoreAnswer>,
): boolean =>
  one.client !== other.client &&
  one.calledAt < (other.answer?.at ?? Number.POSITIVE_INFINITY) &&
  other.calledAt < (one.answer?.at ?? Number.POSITIVE_INFINITY)

describe('writes and transactions of concurrent clients are linearizable', () => {
  test.each(Array.from({ length: 20 }, (_, index) => index + 1))('history %i', async seed => {
    const { operations } = await historyOf(seed, store => store)
    expect(checkLinearizable(operations, counterStore)).toMatchObject({ isLinearizable: true })
    expect(operations.some(one => operations.some(other => overlaps(one, other)))).toBe(true)
    expect(operations.some(({ answer }) => answer !== undefined && 'error' in answer.output)).toBe(true)
  })
})

/** Reads, waits, and then writes what it has made of what it read. */
class LosesUpdates extends DelegatingClient {
  protected override async write(write: ClientWrite): Promise<never> {
    const before = write.verb === 'modify' ? this.get(write.kind, write.ref) : undefined
    if (write.verb !== 'modify' || before === undefined) return super.write(write)
    await this.env.clock.sleep(2)
    return super.write({
      ...write,
      recipe: draft => {
        Object.assign(draft, { spec: structuredClone(before.spec) })
        return write.recipe(draft)
      },
    })
  }
}

/** Says of every third write that it has happened. */
class LosesWrites extends DelegatingClient {
  #writes = 0

  protected override write(write: ClientWrite): Promise<never> {
    if ('body' in write) return super.write(write)
    return super.write({
      ...write,
      options: { ...write.options, dryRun: this.#writes++ % 3 === 0 },
    } as ClientWrite)
  }
}

/** Answers a transaction as it answered the first one of the same code. */
class AnswersFromCache extends DelegatingClient {
  readonly #answers = new Map<string, Promise<never>>()

  protected override write(write: ClientWrite): Promise<never> {
    if (write.verb !== 'transact') return super.write(write)
    const code = String(write.body)
    const answer = this.#answers.get(code) ?? super.write(write)
    this.#answers.set(code, answer)
    return answer
  }
}

test.each([
  ['loses updates', LosesUpdates],
  ['loses writes', LosesWrites],
  ['answers from a cache', AnswersFromCache],
])('a client that %s is found', async (_what, Broken) => {
  let found = 0
  for (let seed = 1; seed <= 5; seed++) {
    const { operations } = await historyOf(seed, client => new Broken(client))
    if (!checkLinearizable(operations, counterStore).isLinearizable) found++
  }
  expect(found).toBeGreaterThan(0)
})
