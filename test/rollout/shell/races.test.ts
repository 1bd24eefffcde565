import { describe, expect, test } from 'vitest'
import { KeelsonError } from '../../../src/core/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import { createRolloutController, rolloutStatus } from '../../../src/rollout/index.js'
import type { Transaction, WriteTap } from '../../../src/store/index.js'
import type { Cluster, ClusterOptions } from '../fixtures/cluster.js'
import { createCluster } from '../fixtures/cluster.js'

const bounds = { maxSurge: 1, maxUnavailable: 0 } as const
const finished = (cluster: Cluster): Promise<void> =>
  cluster.env.runUntil(() => rolloutStatus(cluster.deployment()).done, { timeoutMs: 600_000 })

async function running(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await createCluster(options)
  await cluster.deploy({ strategy: { type: 'RollingUpdate', rollingUpdate: bounds } })
  await finished(cluster)
  cluster.trace.length = 0
  return cluster
}

/** The sizes that there were, one after the other. */
function sizesOf({ trace }: Cluster): readonly string[] {
  const sizes = trace.map(line => line.replaceAll(/\/\d+/g, ''))
  return sizes.filter((line, index) => line !== sizes[index - 1])
}

/** Those of a rollout from v1 to v2 in which nothing goes wrong. */
async function undisturbed(): Promise<readonly string[]> {
  const cluster = await running()
  await cluster.image('v2')
  await finished(cluster)
  return sizesOf(cluster)
}

const unavailable = (message: string): KeelsonError => new KeelsonError({ code: 'Unavailable', message })

/** The transaction in which the write after so many fails. */
function failingAfter(tx: Transaction, writes: number): Transaction {
  let left = writes
  return new Proxy(tx, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]): unknown => {
        if (['create', 'update', 'updateStatus', 'delete'].includes(String(name)) && --left < 0)
          throw unavailable('the disk is full')
        return Reflect.apply(member, target, args)
      }
    },
  })
}

describe('two rollout controllers at once', () => {
  test('do together what one does: no revision twice, no outcome twice, the same steps', async () => {
    const whole = await undisturbed()
    const cluster = await running()
    const second = createManager({ client: cluster.store.client(cluster.env.fork('second')) })
    second.add(createRolloutController())
    await cluster.env.run(() => second.start())
    await cluster.image('v2')
    await finished(cluster)
    expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '2 v2 update succeeded'])
    expect(sizesOf(cluster).filter(line => !whole.includes(line))).toEqual([])
    cluster.broken.add('v3')
    await cluster.change({ onFailure: 'revert', progressDeadlineSeconds: 60 })
    await cluster.image('v3')
    await cluster.env.advance(100_000)
    expect(cluster.revisions().slice(2)).toEqual(['3 v3 update failed', '4 v2 revert of 2 succeeded'])
    const { revision } = cluster.store
    await cluster.env.advance(60_000)
    expect(cluster.store.revision).toBe(revision)
  })
})

describe('an executor that fails half-way', () => {
  test('has done nothing, at whichever of its writes it fails, and the step is done again', async () => {
    const whole = await undisturbed()
    for (let writes = 0; writes < 3; writes++) {
      let failures = 0
      let isArmed = false
      const tap: WriteTap = (write, next) => {
        if (!isArmed || write.verb !== 'transact' || failures >= 5) return next(write)
        const { body } = write
        return next({
          ...write,
          body: tx => {
            try {
              return body(failingAfter(tx, writes))
            } catch (error) {
              failures += 1
              throw error
            }
          },
        })
      }
      const cluster = await running({ tap })
      isArmed = true
      await cluster.image('v2')
      await finished(cluster)
      expect([writes, failures]).toEqual([writes, 5])
      expect(sizesOf(cluster).filter(line => !whole.includes(line))).toEqual([])
      expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '2 v2 update succeeded'])
    }
  })

  test('has done all of it when only the answer is lost, and no step is done twice', async () => {
    const whole = await undisturbed()
    let lost = 0
    const tap: WriteTap = async (write, next) => {
      const answer = await next(write)
      if (write.verb !== 'transact' || ++lost % 2 === 0) return answer
      throw unavailable('the answer is lost')
    }
    const cluster = await running({ tap })
    await cluster.image('v2')
    await finished(cluster)
    expect(lost).toBeGreaterThan(4)
    expect(sizesOf(cluster).filter(line => !whole.includes(line))).toEqual([])
    expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '2 v2 update succeeded'])
  })
})
