import {
  Deployment,
  isTaskFinished,
  Lease,
  Node,
  ReplicaSet,
  Revision,
  Service,
  Task,
} from '../../../../src/api/index.js'
import { isKeelsonError, systemEnv } from '../../../../src/core/index.js'
import { createManager } from '../../../../src/reconcile/index.js'
import { createRolloutController } from '../../../../src/rollout/index.js'
import { openStore } from '../../../../src/store/node/index.js'
import { createReplicaController } from '../../../../src/workloads/index.js'

// An orchestrator without processes: a Deployment is changed all the time, its tasks are made by the usual loops, and whatever
// the disk knows is told on standard output. Somebody kills it.

const [, , dir = '', since = ''] = process.argv
const kinds = [Deployment, Lease, Node, ReplicaSet, Revision, Service, Task]
const env = systemEnv.fork('killed')
const store = await openStore({ kinds, dir, env, segmentBytes: 64 << 10 })
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const ref = { namespace: 'default', name: 'web' }

tell({ opened: store.revision, uid: store.get(Deployment, ref)?.metadata.uid })
store.watch(kinds, { visibility: 'durable', ...(since === '' ? { since: 0 } : { since }) }).on(
  ({ revision, events }) => {
    const changes = events.map(({ type, object: { kind, metadata } }) => [
      type,
      kind,
      metadata.name,
      metadata.uid,
    ])
    tell({ told: revision, changes })
  },
  error => tell({ ended: String(error) }),
)

// A node that runs everything at once, and ends at once what is deleted.
store.watch(Task, { sendInitialEvents: true }).on(({ events }) => {
  for (const { after } of events) if (after !== undefined && !isTaskFinished(after)) void run(after)
})
async function run(task: Task): Promise<void> {
  if (task.status?.phase === 'Running') return
  const conditions = [
    {
      type: 'Ready',
      status: 'True' as const,
      reason: 'Runs',
      message: '',
      lastTransitionTime: new Date().toISOString(),
    },
  ]
  await store
    .updateStatus(Task, { ...task, status: { ...task.status, phase: 'Running', conditions } })
    .catch(ignoreStale)
}
function ignoreStale(error: unknown): void {
  if (!isKeelsonError(error, 'Conflict', 'NotFound')) throw error
}

const manager = createManager({ client: store.client(env.fork('control-plane')) })
manager.add(createRolloutController())
manager.add(createReplicaController())
await manager.start()
if (store.get(Deployment, ref) === undefined) {
  await store.create(Deployment, {
    metadata: ref,
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { command: ['true'] } },
    },
  })
}
for (let turn = 1; ; turn++) {
  await env.clock.sleep(10)
  const { metadata } = await store.modify(Deployment, ref, draft => {
    if (turn % 5 === 0) draft.spec.template.spec.env = [{ name: 'TURN', value: String(turn) }]
    draft.spec.replicas = 2 + (turn % 3)
  })
  tell({ acknowledged: Number(metadata.resourceVersion), generation: metadata.generation })
}
