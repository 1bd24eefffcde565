import { describe, expect, test } from 'vitest'
import type { Gate } from '../../src/rollout/index.js'
import { rolling } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const said = (gate: string) => ({ gate, answer: 'pass', by: 'ann', atMs: 0 }) as const

/** All of ten run `b`, which passed these gates at a fifth; `a` was there before. */
function after(gates: readonly Gate[]): InstantCluster {
  const cluster = runningCluster(10, rolling({ steps: [{ next: '20%', gates }, '50%'] }))
  cluster.roll('b', { answers: ['lead', 'errors', 'migrate'].map(said) })
  cluster.settle()
  cluster.nowMs += 60_000
  cluster.settle()
  expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ b: 10 }, '2 succeeded'])
  return cluster
}

const GATES: readonly Gate[] = [
  { kind: 'approve', name: 'lead' },
  { kind: 'soak', ms: 60_000 },
  { kind: 'analysis', name: 'errors' },
]

describe('what has been rolled out', () => {
  test('is undone without a stop at any step (nomad#10882)', () => {
    const cluster = after(GATES)
    cluster.roll('a', { cause: 'undo', answers: [] })
    cluster.settle()
    expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ a: 10 }, '3 succeeded'])
  })

  test('is undone with its hooks, which may migrate data', () => {
    const cluster = after([...GATES, { kind: 'hook', name: 'migrate' }])
    cluster.roll('a', { cause: 'undo', answers: [] })
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 2, b: 8 })
    cluster.spec = { ...cluster.spec, answers: [said('migrate')] }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 10 })
  })

  test('gives way to the same template again through all gates, when that is an update', () => {
    const cluster = after(GATES)
    cluster.roll('a', { answers: [] })
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 2, b: 8 })
  })
})
