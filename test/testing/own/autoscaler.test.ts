import { HorizontalAutoscaler, ReplicaSet, Task } from '../../../src/api/index.js'
import type { ObjectInput } from '../../../src/store/index.js'
import type { MetricsSource } from '../../../src/workloads/autoscaler/index.js'
import { createAutoscalerController } from '../../../src/workloads/index.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange, whenAtRest } from './write-law.js'

const labels = { app: 'web' }
const [LOAD, EACH, MOST] = [35, 10, 6]

/** A load that does not change, however many share it. */
const source = (nowMs: () => number): MetricsSource => ({
  read: async () => [{ value: LOAD, timeMs: nowMs() }],
})

const target: ObjectInput = {
  kind: 'ReplicaSet',
  metadata: { namespace: 'default', name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { image: 'web' } },
  },
}

const autoscaler = (name: string): ObjectInput => ({
  kind: 'HorizontalAutoscaler',
  metadata: { namespace: 'default', name },
  spec: {
    scaleTargetRef: { kind: 'ReplicaSet', name: 'web' },
    minReplicas: 2,
    maxReplicas: MOST,
    metrics: [
      {
        type: 'External',
        external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: EACH } },
      },
    ],
    behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1_800 }] } },
  },
})

const cases: readonly OwnCase[] = [
  {
    name: 'two autoscalers of one target, and two loops at once',
    make: ({ client }) => [
      createAutoscalerController({
        targets: [ReplicaSet],
        syncMs: 600_000,
        metrics: source(() => client.env.clock.now()),
      }),
    ],
    options: {
      kinds: [HorizontalAutoscaler, ReplicaSet, Task],
      instances: 2,
      objects: [target, autoscaler('a'), autoscaler('b')],
      faults: { edit: 0 },
      except: ['noOrphans', 'idempotent', 'levelTriggered'],
      // Which of them is the older one depends on what was removed and made again.
      compared: object => (object.kind === HorizontalAutoscaler.kind ? undefined : object),
      invariants: [
        onChange(
          'no step is longer than the policy allows, whoever takes it',
          ReplicaSet,
          ({ before, now }) => {
            const change = (now?.spec.replicas ?? 0) - (before?.spec.replicas ?? 0)
            return before === undefined || now === undefined || change <= 1
          },
        ),
        onChange(
          'no more changes in a time than the policy allows',
          HorizontalAutoscaler,
          ({ now }) => (now?.status?.scaleEvents ?? []).length <= 1,
        ),
        onChange('what it writes is within the bounds', HorizontalAutoscaler, ({ now }) => {
          const { desiredReplicas = 2 } = now?.status ?? {}
          return desiredReplicas === 0 || (desiredReplicas >= 2 && desiredReplicas <= MOST)
        }),
        whenAtRest('there are as many as the load asks for', reader => {
          const [set] = reader.list(ReplicaSet).items
          return (
            set === undefined ||
            reader.count(HorizontalAutoscaler) === 0 ||
            set.spec.replicas === Math.ceil(LOAD / EACH)
          )
        }),
      ],
    },
    share: 0.15,
  },
]

runUnderCheck(cases)
