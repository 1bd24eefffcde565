import { beforeEach, describe, expect, test } from 'vitest'
import {
  createDisruptionGate,
  Deployment,
  DisruptionBudget,
  ReplicaSet,
  Task,
  takeDisruption,
} from '../../../src/api/index.js'
import { controllerReference } from '../../../src/reconcile/index.js'
import { createDisruptionController } from '../../../src/rollout/index.js'
import type { Client } from '../../../src/store/index.js'
import { createStore } from '../../../src/store/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { Ledger } from './ledger.js'
import { budgetRef, createLedger, web } from './ledger.js'

let ledger: Ledger

beforeEach(async () => {
  ledger = await createLedger()
})

const three = async (): Promise<void> => {
  for (const name of ['a', 'b', 'c']) await ledger.task(name)
}
const asker = (by: string) => ({ by, nowMs: ledger.env.clock.now() })
const ask = (by: string, ...names: readonly string[]) =>
  ledger.store.transact(tx => takeDisruption(tx, { tasks: names.map(name => ref(name)) }, asker(by)))
const askCount = (by: string, count: number) =>
  ledger.store.transact(tx => takeDisruption(tx, { namespace: 'default', labels: web, count }, asker(by)))
const granted = async (by: string, ...names: readonly string[]): Promise<string[]> =>
  (await ask(by, ...names)).tasks.map(({ name }) => name)

describe('the status of a budget', () => {
  test('counts what is wanted, what works and what may go', async () => {
    await ledger.budget({ minAvailable: 2 })
    expect(ledger.status()).toMatchObject({ expectedTasks: 0, currentHealthy: 0, disruptionsAllowed: 0 })
    await three()
    expect(ledger.status()).toMatchObject({ expectedTasks: 3, currentHealthy: 3, disruptionsAllowed: 1 })
    await ledger.ready('a', 'False')
    expect(ledger.status()).toMatchObject({ expectedTasks: 3, currentHealthy: 2, disruptionsAllowed: 0 })
    expect(ledger.status()?.conditions).toMatchObject([
      { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientTasks' },
    ])
  })

  test('asks the topmost owner how many are wanted, so that a budget does not shrink with its tasks', async () => {
    await ledger.budget({ maxUnavailable: '50%' })
    const spec = { selector: { matchLabels: web }, template: { metadata: { labels: web }, spec: {} } }
    const deployment = await ledger.store.create(Deployment, {
      metadata: ref('web'),
      spec: { replicas: 4, ...spec },
    })
    const sets = await Promise.all(
      ['old', 'new'].map(name =>
        ledger.store.create(ReplicaSet, {
          metadata: { ...ref(name), ownerReferences: [controllerReference(Deployment, deployment)] },
          spec: { replicas: 2, ...spec },
        }),
      ),
    )
    for (const [index, set] of sets.entries())
      await ledger.task(`t${index}`, { owner: controllerReference(ReplicaSet, set) })
    expect(ledger.status()).toMatchObject({ expectedTasks: 4, desiredHealthy: 2, disruptionsAllowed: 0 })
    await ledger.store.modify(Deployment, ref('web'), draft => void (draft.spec.replicas = 2))
    await ledger.env.settle()
    expect(ledger.status()).toMatchObject({ expectedTasks: 2, desiredHealthy: 1, disruptionsAllowed: 1 })
  })

  test('says when it can never allow anything', async () => {
    await ledger.budget({ maxUnavailable: 0 })
    await ledger.task('a')
    expect(ledger.status()?.conditions).toMatchObject([{ status: 'False', reason: 'NeverAllowed' }])
  })
})

describe('a disruption', () => {
  test('that a drain and a rollout ask for at one revision, with one allowed: exactly one gets it', async () => {
    await ledger.budget({ maxUnavailable: 1 })
    await three()
    const as = (name: string): Client => ledger.store.client(ledger.env.fork(name))
    const both = await ledger.env.run(() =>
      Promise.all([
        createDisruptionGate(as('drain')).take({ tasks: [ref('a')] }, 'drain n1'),
        createDisruptionGate(as('rollout')).take(
          { namespace: 'default', labels: web, count: 1 },
          'rollout web',
        ),
      ]),
    )
    expect(both.reduce((total, { count }) => total + count, 0)).toBe(1)
    expect(both.flatMap(({ refusals }) => refusals)).toMatchObject([
      { budget: budgetRef, reason: 'exhausted' },
    ])
    await ledger.env.settle()
    expect(ledger.status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2 })
    expect(ledger.status()?.grants).toHaveLength(1)
  })

  test('of what is wounded, ended, leaving, gone or in no budget costs nothing (kubernetes#72320)', async () => {
    await ledger.budget({ minAvailable: 1 })
    await ledger.task('works')
    await ledger.task('wounded', { ready: false })
    await ledger.task('elsewhere', { labels: { app: 'db' } })
    expect(ledger.status()).toMatchObject({ disruptionsAllowed: 0 })
    expect(await granted('drain', 'works', 'wounded', 'elsewhere', 'unknown')).toEqual([
      'wounded',
      'elsewhere',
      'unknown',
    ])
    expect(ledger.status()?.grants).toEqual([])
  })

  test('is granted to who asks again, and costs once', async () => {
    await ledger.budget({ maxUnavailable: 1 })
    await three()
    expect(await granted('drain n1', 'a', 'b')).toEqual(['a'])
    expect(await granted('drain n1, after a crash', 'a', 'b')).toEqual(['a'])
    expect(ledger.status()?.grants).toHaveLength(1)
  })

  test('needs every budget that selects the task', async () => {
    await ledger.budget({ maxUnavailable: 1 }, 'one')
    await ledger.budget({ maxUnavailable: 0 }, 'none')
    await three()
    const { tasks, refusals } = await ask('drain', 'a')
    expect(tasks).toEqual([])
    expect(refusals).toEqual([{ task: ref('a'), budget: ref('none'), reason: 'exhausted' }])
    expect(ledger.status('one')).toMatchObject({ disruptionsAllowed: 1, grants: [] })
  })

  test('is refused while the status does not speak of the spec', async () => {
    const store = createStore({ kinds: [DisruptionBudget, Task], env: ledger.env })
    await store.create(DisruptionBudget, {
      metadata: budgetRef,
      spec: { selector: { matchLabels: web }, minAvailable: 0 },
    })
    const request = { namespace: 'default', labels: web, count: 3 }
    expect(await store.transact(tx => takeDisruption(tx, request, asker('rollout')))).toEqual({
      count: 0,
      tasks: [],
      refusals: [{ budget: budgetRef, reason: 'unobserved' }],
    })
  })

  test('is free in a store without budgets', async () => {
    const store = createStore({ kinds: [Task], env: ledger.env })
    const request = { namespace: 'default', labels: web, count: 3 }
    expect(await createDisruptionGate(store).take(request, 'rollout')).toMatchObject({ count: 3 })
  })

  test.each([
    [{ tasks: [] }, { by: '', nowMs: 0 }, 'by'],
    [{ namespace: 'default', labels: web, count: -1 }, { by: 'x', nowMs: 0 }, 'count'],
    [{ tasks: [] }, { by: 'x', nowMs: Number.NaN }, 'nowMs'],
  ])('%o by %o is refused', async (request, by, field) => {
    await expect(ledger.store.transact(tx => takeDisruption(tx, request, by))).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(field),
    })
  })
})

describe('a grant ends', () => {
  beforeEach(async () => {
    await ledger.budget({ maxUnavailable: 1 })
    await three()
  })

  test('when its task is on its way out: the loss counts from then on', async () => {
    await ask('drain', 'a')
    await ledger.store.delete(Task, ref('a'))
    await ledger.env.settle()
    expect(ledger.status()).toMatchObject({ grants: [], expectedTasks: 2, currentHealthy: 2 })
  })

  test('after two minutes, if nothing came of it', async () => {
    await ask('drain', 'a')
    await ledger.env.advance(119_999)
    expect(ledger.status()).toMatchObject({ disruptionsAllowed: 0 })
    await ledger.env.advance(1)
    expect(ledger.status()).toMatchObject({ disruptionsAllowed: 1, grants: [] })
  })

  test('for a count, when as many have gone; those made since do not stand in for them', async () => {
    expect(await askCount('rollout', 2)).toMatchObject({ count: 1, refusals: [{ reason: 'exhausted' }] })
    await ledger.env.advance(1_000)
    await ledger.task('d')
    expect(ledger.status()).toMatchObject({ currentHealthy: 3, grants: [{ count: 1, present: 3 }] })
    await ledger.ready('b', 'False')
    expect(ledger.status()?.grants).toHaveLength(1)
    await ledger.store.delete(Task, ref('c'))
    await ledger.env.settle()
    expect(ledger.status()).toMatchObject({ currentHealthy: 2, grants: [] })
  })
})

describe('a budget is refused', () => {
  test.each([
    [{}, 'exactly one'],
    [{ minAvailable: 1, maxUnavailable: 1 }, 'exactly one'],
    [{ minAvailable: '101%' }, 'spec.minAvailable'],
    [{ maxUnavailable: -1 }, 'maxUnavailable'],
    [
      { selector: { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] }, minAvailable: 1 },
      'spec.selector',
    ],
  ])('with %o', async (spec, text) => {
    await expect(ledger.budget(spec as object)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(text),
    })
  })
})

test.each([
  [{ concurrency: 0 }, 'Invalid'],
  [{ concurency: 1 }, 'Usage'],
])('the controller refuses %o', (options, code) => {
  expect(() => createDisruptionController(options as object)).toThrow(expect.objectContaining({ code }))
})
