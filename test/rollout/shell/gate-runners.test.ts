import { describe, expect, test } from 'vitest'
import type { DeploymentSpec } from '../../../src/api/index.js'
import { Deployment } from '../../../src/api/index.js'
import type { GateRun, GateRunner } from '../../../src/rollout/index.js'
import { actOnRollout, describeRollout, history, rolloutStatus } from '../../../src/rollout/index.js'
import type { Cluster, ClusterOptions } from '../fixtures/cluster.js'
import { createCluster, web } from '../fixtures/cluster.js'

const steps: NonNullable<DeploymentSpec['strategy']>['steps'] = [
  {
    next: '10%',
    gates: [
      { kind: 'analysis', name: 'errors' },
      { kind: 'approve', name: 'lead' },
    ],
  },
  '50%',
]

/** A cluster of ten that runs v1 and is told to go to v2. */
async function rolling(options: ClusterOptions, strategy: object = { steps }): Promise<Cluster> {
  const cluster = await createCluster(options)
  await cluster.deploy({ replicas: 10, strategy: { type: 'RollingUpdate', ...strategy } })
  await cluster.env.advance(10_000)
  await cluster.image('v2')
  await cluster.env.advance(10_000)
  return cluster
}

const marks = (cluster: Cluster): readonly string[] =>
  (history(cluster.store, web).at(-1)?.marks ?? []).map(({ verb, by, gate, answer, reason }) =>
    [verb, by, gate, answer, reason].filter(word => word !== undefined).join(' '),
  )

describe('a canary', () => {
  test('stops at its share, is analysed, waits for approval, and goes on; the ledger says who and why', async () => {
    const asked: GateRun[] = []
    const errors: GateRunner = run => {
      asked.push(run)
      return { answer: 'pass', reason: '0.1 % errors' }
    }
    const cluster = await rolling({ gates: { errors } })
    expect(cluster.sizes()).toBe('v1×9/9 v2×1/1')
    expect(asked).toMatchObject([
      { gate: 'errors', kind: 'analysis', entry: 2, waypoint: 0, template: { spec: { image: 'v2' } } },
    ])
    expect(describeRollout(cluster.deployment())).toContain('waypoint 1 waits for approval "lead"')
    await cluster.env.advance(24 * 3_600_000)
    expect(rolloutStatus(cluster.deployment()).rung).toBe('updating')
    await actOnRollout(cluster.store, web, {
      verb: 'approve',
      entry: 2,
      gate: 'lead',
      by: 'ann',
      reason: 'looks good',
    })
    await cluster.env.advance(60_000)
    expect(cluster.sizes()).toBe('v2×10/10')
    expect(asked).toHaveLength(1)
    expect(marks(cluster)).toEqual(['answer rollout errors pass 0.1 % errors', 'approve ann lead looks good'])
  })

  test('goes back when the analysis fails', async () => {
    const cluster = await rolling({ gates: { errors: () => 'fail' } })
    await cluster.env.advance(60_000)
    expect([cluster.sizes(), cluster.deployment().spec.template.spec.image]).toEqual(['v1×10/10', 'v1'])
    expect(rolloutStatus(cluster.deployment()).failure).toMatchObject({ cause: 'analysis', entry: 2 })
  })

  test('asks again when a program throws or never answers, says so, and takes five times for a no', async () => {
    let calls = 0
    const aborted: boolean[] = []
    const errors: GateRunner = ({ signal }) => {
      calls += 1
      signal.addEventListener('abort', () => aborted.push(true))
      return calls % 2 === 1 ? new Promise(() => {}) : Promise.reject(new Error('no route to host'))
    }
    const cluster = await rolling({ gates: { errors }, gateTimeoutMs: 20_000 })
    await cluster.env.advance(11_500)
    expect(describeRollout(cluster.deployment())).toContain(
      '"errors" has not answered: no answer within 20000 ms',
    )
    await cluster.env.advance(1_500)
    expect(describeRollout(cluster.deployment())).toContain('"errors" has not answered: no route to host')
    await cluster.env.advance(300_000)
    expect(calls).toBe(5)
    expect(aborted).toHaveLength(3)
    expect(rolloutStatus(cluster.deployment()).failure).toMatchObject({ cause: 'analysis' })
    expect(cluster.sizes()).toBe('v1×10/10')
  })

  test.each<[unknown]>([
    [undefined],
    [null],
    ['yes'],
    [true],
    [{ answer: 'maybe' }],
    [{ answer: 'wait' }],
    [{ answer: 'wait', afterMs: Number.NaN }],
    [{ answer: 'wait', afterMs: Number.POSITIVE_INFINITY }],
  ])('takes %j for no answer: it asks again, says so, and takes five of them for a no', async said => {
    let calls = 0
    const errors = (): never => {
      calls += 1
      return said as never
    }
    const cluster = await rolling({ gates: { errors } })
    expect(describeRollout(cluster.deployment())).toContain(
      '"errors" has not answered: gate is invalid: answer: must be',
    )
    await cluster.env.advance(60_000)
    expect([calls, rolloutStatus(cluster.deployment()).failure?.cause]).toEqual([5, 'analysis'])
    expect(cluster.sizes()).toBe('v1×10/10')
  })

  test.each<[unknown, string]>([
    ['x'.repeat(100_000), `${'x'.repeat(999)}…`],
    [{ rate: 0.1 }, ''],
    [undefined, ''],
  ])('keeps of a reason at most 1,000 characters, and nothing that is no text', async (reason, kept) => {
    const errors = () => ({ answer: 'pass', reason, more: () => {} }) as never
    const cluster = await rolling({ gates: { errors } })
    expect(marks(cluster)).toEqual([`answer rollout errors pass ${kept}`.trim()])
  })

  test('asks again when it is told to wait, and calls off what nobody waits for', async () => {
    let calls = 0
    let isAborted = false
    const errors: GateRunner = ({ signal }) => {
      calls += 1
      if (calls < 4) return { answer: 'wait', afterMs: 60_000 }
      signal.addEventListener('abort', () => void (isAborted = true))
      return new Promise(() => {})
    }
    const cluster = await rolling({ gates: { errors }, gateTimeoutMs: 3_600_000 })
    await cluster.env.advance(59_000)
    expect(calls).toBe(2)
    await cluster.env.advance(120_000)
    expect([calls, isAborted]).toEqual([4, false])
    await cluster.image('v3')
    await cluster.env.advance(1_000)
    expect(isAborted).toBe(true)
  })

  test.each([0, -1, 0.001])(
    'asks a program that waits for %d ms once a second, and writes nothing meanwhile',
    async afterMs => {
      let calls = 0
      const errors: GateRunner = () => {
        calls += 1
        return { answer: 'wait', afterMs }
      }
      const cluster = await rolling({ gates: { errors } })
      const before = { calls, revision: cluster.store.revision }
      await cluster.env.advance(60_000)
      expect([calls - before.calls, cluster.store.revision - before.revision]).toEqual([60, 0])
    },
  )

  test('that never answers is late after 30 seconds, each time, and fails after the fifth', async () => {
    let calls = 0
    const errors: GateRunner = () => {
      calls += 1
      return new Promise(() => {})
    }
    const cluster = await rolling({ gates: { errors } })
    await cluster.env.advance(30_000)
    expect(describeRollout(cluster.deployment())).toContain(
      '"errors" has not answered: no answer within 30000 ms',
    )
    // Five times 30 s, and 1 + 2 + 4 + 8 s between them.
    await cluster.env.advance(120_000)
    expect([calls, rolloutStatus(cluster.deployment()).failure]).toEqual([5, undefined])
    await cluster.env.advance(30_000)
    expect([calls, rolloutStatus(cluster.deployment()).failure?.cause]).toEqual([5, 'analysis'])
    expect(cluster.sizes()).toBe('v1×10/10')
  })

  test('with a program of no such name says so, and somebody may answer in its place', async () => {
    const cluster = await rolling({})
    expect(describeRollout(cluster.deployment())).toContain('no program is registered under that name')
    for (const gate of ['errors', 'lead'])
      await actOnRollout(cluster.store, web, { verb: 'approve', entry: 2, gate, by: 'ann' })
    await cluster.env.advance(60_000)
    expect(cluster.sizes()).toBe('v2×10/10')
  })

  test('asks once more after a restart that lost the answer, and not when it was written down', async () => {
    let calls = 0
    const cluster = await rolling({
      gates: {
        errors: () => {
          calls += 1
          return 'pass'
        },
      },
    })
    await cluster.restart()
    await cluster.env.advance(60_000)
    expect(calls).toBe(1)
  })

  test('forgives as many failures as it retries', async () => {
    const answers: ('pass' | 'fail')[] = ['fail', 'fail', 'pass']
    const gates = [{ kind: 'retry', times: 2, gate: { kind: 'analysis', name: 'errors' } }]
    const cluster = await rolling(
      { gates: { errors: () => answers.shift() ?? 'fail' } },
      { steps: [{ next: '10%', gates }] },
    )
    await cluster.env.advance(60_000)
    expect([cluster.sizes(), answers]).toEqual(['v2×10/10', []])
  })
})

describe('hooks', () => {
  test('run before the first new instance, once nothing is there, and at the end, of a first template too', async () => {
    const seen: string[] = []
    const hook =
      (name: string): GateRunner =>
      ({ entry }) => {
        seen.push(`${entry} ${name}: ${cluster.sizes()}`)
        return 'pass'
      }
    const hooks = { pre: [{ name: 'pre' }], mid: [{ name: 'mid' }], post: [{ name: 'post' }] }
    const cluster: Cluster = await createCluster({
      gates: { pre: hook('pre'), mid: hook('mid'), post: hook('post') },
    })
    await cluster.deploy({ strategy: { type: 'Recreate', hooks } })
    await cluster.env.advance(10_000)
    await cluster.image('v2')
    await cluster.env.advance(10_000)
    expect(seen).toEqual([
      '1 pre: ',
      '1 mid: ',
      '1 post: v1×3/3',
      '2 pre: v1×3/3',
      '2 mid: ',
      '2 post: v2×3/3',
    ])
    expect(rolloutStatus(cluster.deployment())).toMatchObject({ done: true, proven: true })
  })

  test.each([
    [false, 'v1×3/3', 'hook'],
    [true, 'v2×3/3', undefined],
  ])('that fail, ignored: %s', async (ignoreFailure, sizes, cause) => {
    const cluster = await createCluster({
      gates: { migrate: ({ entry }) => (entry === 1 ? 'pass' : 'fail') },
    })
    const hooks = { pre: [{ name: 'migrate', ignoreFailure }] }
    await cluster.deploy({ strategy: { type: 'RollingUpdate', hooks } })
    await cluster.env.advance(10_000)
    await cluster.image('v2')
    await cluster.env.advance(60_000)
    expect(cluster.sizes()).toBe(sizes)
    expect(rolloutStatus(cluster.deployment()).failure?.cause).toBe(cause)
  })
})

describe('blue/green', () => {
  test('has all of both, waits, holds the old ones for a while, and lets them go', async () => {
    const cluster = await createCluster()
    const blueGreen = { gates: [{ kind: 'approve', name: 'switch' }] as const, holdMs: 60_000 }
    await cluster.deploy({ replicas: 4, strategy: { type: 'RollingUpdate', blueGreen } })
    await cluster.env.advance(10_000)
    await cluster.image('v2')
    await cluster.env.advance(3_600_000)
    expect(cluster.sizes()).toBe('v1×4/4 v2×4/4')
    await actOnRollout(cluster.store, web, { verb: 'approve', entry: 2, gate: 'switch', by: 'ann' })
    await cluster.env.advance(59_000)
    expect(cluster.sizes()).toBe('v1×4/4 v2×4/4')
    await cluster.env.advance(10_000)
    expect(cluster.sizes()).toBe('v2×4/4')
    expect(cluster.store.get(Deployment, web)?.status?.availableReplicas).toBe(4)
  })
})
