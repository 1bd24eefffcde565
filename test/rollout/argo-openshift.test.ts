import { describe, expect, test } from 'vitest'
import { Deployment } from '../../src/api/index.js'
import type { ArgoRollout, GateAnswer, OpenShiftRollout, RolloutFields } from '../../src/rollout/index.js'
import { argoRollout, kubernetesProgram, openshiftRollout } from '../../src/rollout/index.js'
import { createStore } from '../../src/store/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

function rolling(fields: RolloutFields, desired = 10): InstantCluster {
  const { onFailure = {} } = fields
  const cluster = runningCluster(
    desired,
    kubernetesProgram(fields, typeof onFailure === 'string' ? { action: onFailure } : onFailure),
  )
  if (fields.strategy.service !== undefined) cluster.traffic = { acknowledged: true }
  // Hooks run for the first template too.
  for (const hook of ['pre', 'mid', 'post']) say(cluster, hook)
  cluster.roll('b', { answers: [] })
  cluster.settle()
  return cluster
}

const say = (cluster: InstantCluster, gate: string, answer: GateAnswer['answer'] = 'pass'): void => {
  const { answers = [], ...spec } = cluster.spec
  cluster.spec = { ...spec, answers: [...answers, { gate, answer, by: 'ann', atMs: cluster.nowMs }] }
  cluster.settle()
}

/** A Deployment with these fields is one that a store takes. */
async function accepted(fields: RolloutFields): Promise<void> {
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { image: 'web:1' } }
  const spec = { replicas: 10, selector: { matchLabels: labels }, template, ...fields }
  await createStore({ kinds: [Deployment] }).create(Deployment, {
    metadata: { namespace: 'd', name: 'web' },
    spec,
  })
}

const canary: ArgoRollout = {
  strategy: {
    canary: {
      maxSurge: 2,
      maxUnavailable: 0,
      steps: [
        { setWeight: 20 },
        { pause: {} },
        { analysis: { templates: [{ templateName: 'success-rate' }] } },
        { setWeight: 50 },
        { pause: { duration: '10m' } },
      ],
    },
  },
}

describe('the Argo preset', () => {
  test('walks the weights, waits at each pause, and asks the analyses by their names', async () => {
    const fields = argoRollout(canary)
    await accepted(fields)
    const cluster = rolling(fields)
    expect(cluster.sizes()).toEqual({ a: 8, b: 2 })
    say(cluster, 'pause-2')
    expect(cluster.step().questions).toMatchObject([{ kind: 'analysis', gate: 'success-rate' }])
    say(cluster, 'success-rate')
    expect(cluster.sizes()).toEqual({ a: 5, b: 5 })
    cluster.nowMs += 600_000
    cluster.settle()
    expect([cluster.sizes(), cluster.state?.phase]).toEqual([{ b: 10 }, 'succeeded'])
  })

  test('aborts on a failed analysis, and only tells a missed deadline unless progressDeadlineAbort is set', () => {
    const failed = rolling(argoRollout(canary))
    say(failed, 'pause-2')
    say(failed, 'success-rate', 'fail')
    expect([failed.state?.phase, failed.sizes(), failed.spec.template]).toEqual(['aborted', { a: 10 }, 'b'])
    for (const [progressDeadlineAbort, phase] of [
      [false, 'progressing'],
      [true, 'aborted'],
    ] as const) {
      const late = runningCluster(
        10,
        kubernetesProgram(
          argoRollout({ ...canary, progressDeadlineAbort }),
          argoRollout({ ...canary, progressDeadlineAbort }).onFailure as object,
        ),
      )
      late.roll('b')
      late.settle(['b'])
      late.nowMs += 600_000
      late.settle(['b'])
      expect([late.state?.phase, late.outcomes.at(-1)]).toEqual([phase, '2 failed deadline'])
    }
  })

  test('with a service keeps all of the stable template and divides the traffic', async () => {
    const fields = argoRollout({
      strategy: { canary: { stableService: 'web', steps: [{ setWeight: 20 }, { pause: {} }] } },
    })
    await accepted(fields)
    const cluster = rolling(fields)
    expect([cluster.sizes(), cluster.traffic?.weights]).toEqual([
      { a: 10, b: 2 },
      [
        { template: 'a', weight: 80 },
        { template: 'b', weight: 20 },
      ],
    ])
  })

  test('pauses before the first weight with nothing of the new template', () => {
    const cluster = rolling(
      argoRollout({ strategy: { canary: { steps: [{ pause: {} }, { setWeight: 50 }] } } }),
    )
    expect(cluster.sizes()).toEqual({ a: 10 })
    say(cluster, 'pause-1')
    expect(cluster.sizes()).toEqual({ b: 10 })
  })

  test.each<[object, string | undefined, number]>([
    [{}, undefined, 0],
    [{ autoPromotionEnabled: false }, 'promote', 0],
    [{ autoPromotionSeconds: 60 }, undefined, 60_000],
    [{ prePromotionAnalysis: { templates: [{ templateName: 'smoke' }] } }, 'smoke', 0],
  ])(
    'of blue/green with %j has both, moves the traffic at once, and keeps the old one for a while',
    async (given, gate, waitsMs) => {
      const fields = argoRollout({ strategy: { blueGreen: { activeService: 'web', ...given } } })
      await accepted(fields)
      const cluster = rolling(fields, 4)
      const isHeld = gate !== undefined || waitsMs > 0
      if (isHeld) expect(cluster.traffic?.weights).toEqual([{ template: 'a', weight: 100 }])
      if (gate !== undefined) say(cluster, gate)
      cluster.nowMs += waitsMs
      cluster.settle()
      expect([cluster.sizes(), cluster.traffic?.weights]).toEqual([
        { a: 4, b: 4 },
        [{ template: 'b', weight: 100 }],
      ])
      cluster.nowMs += 30_000
      cluster.settle()
      expect([cluster.sizes(), cluster.state?.phase]).toEqual([{ b: 4 }, 'succeeded'])
    },
  )

  test.each<[unknown, RegExp]>([
    [{}, /strategy: must have either canary or blueGreen/],
    [{ strategy: { canary: {}, blueGreen: { activeService: 'a' } } }, /either canary or blueGreen/],
    [{ strategy: { canary: { steps: [{ setWeight: 101 }] } } }, /steps\[0\]\.setWeight/],
    [{ strategy: { canary: { steps: [{ setWeight: 1, pause: {} }] } } }, /steps\[0\]: must be one of/],
    [{ strategy: { canary: { steps: [{ pause: { duration: 'long' } }] } } }, /steps\[0\]\.pause\.duration/],
    [{ strategy: { canary: { steps: [{ experiment: {} }] } } }, /experiment/],
    [{ strategy: { canary: { trafficRouting: {} } } }, /trafficRouting/],
    [{ strategy: { blueGreen: { activeService: 'a', scaleDownDelaySeconds: -1 } } }, /scaleDownDelaySeconds/],
  ])('refuses %j', (given, message) => {
    expect(() => argoRollout(given as ArgoRollout)).toThrow(message)
  })
})

describe('the OpenShift preset', () => {
  test('rolls between its hooks, and gives the replicas back when one fails', async () => {
    const hook = { failurePolicy: 'Abort' } as const
    const fields = openshiftRollout({
      strategy: { rollingParams: { maxSurge: 1, maxUnavailable: 1, pre: hook, post: hook } },
    })
    await accepted(fields)
    const cluster = rolling(fields, 4)
    expect([cluster.sizes(), cluster.step().questions.map(({ gate }) => gate)]).toEqual([{ a: 4 }, ['pre']])
    say(cluster, 'pre')
    expect([cluster.sizes(), cluster.step().questions.map(({ gate }) => gate)]).toEqual([{ b: 4 }, ['post']])
    say(cluster, 'post', 'fail')
    expect([cluster.sizes(), cluster.state?.phase, cluster.spec.template]).toEqual([{ a: 4 }, 'aborted', 'b'])
  })

  test('recreates, with a hook while nothing is there', async () => {
    const fields = openshiftRollout({
      strategy: { type: 'Recreate', recreateParams: { mid: { failurePolicy: 'Ignore' } } },
    })
    await accepted(fields)
    const cluster = rolling(fields, 4)
    expect([cluster.sizes(), cluster.step().questions.map(({ gate }) => gate)]).toEqual([{}, ['mid']])
    say(cluster, 'mid', 'fail')
    expect([cluster.sizes(), cluster.state?.phase]).toEqual([{ b: 4 }, 'succeeded'])
  })

  test('runs a hook again that failed, where it says Retry', () => {
    const cluster = rolling(
      openshiftRollout({ strategy: { rollingParams: { pre: { failurePolicy: 'Retry', execNewPod: {} } } } }),
      4,
    )
    for (let times = 0; times < 50; times++) say(cluster, 'pre', 'fail')
    expect(cluster.state?.phase).toBe('progressing')
    say(cluster, 'pre')
    expect(cluster.state?.phase).toBe('succeeded')
  })

  test.each<[unknown, RegExp]>([
    [{ strategy: { recreateParams: {} } }, /strategy\.recreateParams: has no meaning for the type Rolling/],
    [{ strategy: { type: 'Recreate', rollingParams: {} } }, /strategy\.rollingParams/],
    [{ strategy: { rollingParams: { timeoutSeconds: 0 } } }, /timeoutSeconds/],
    [{ strategy: { rollingParams: { pre: { failurePolicy: 'Maybe' } } } }, /pre\.failurePolicy/],
    [{ strategy: { customParams: {} } }, /customParams/],
    [{ strategy: { type: 'Custom' } }, /strategy\.type: must be Rolling or Recreate \(got "Custom"\)/],
    [{ strategy: { rollingParams: { pre: { failurePolicy: 'Abort', tagImages: [] } } } }, /tagImages/],
  ])('refuses %j', (given, message) => {
    expect(() => openshiftRollout(given as OpenShiftRollout)).toThrow(message)
  })
})
