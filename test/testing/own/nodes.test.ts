import { isConditionTrue, isTaskActive, Lease, Node, ReplicaSet, Task } from '../../../src/api/index.js'
import { parseTime } from '../../../src/core/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { controllerOf, createController, requeueAfter } from '../../../src/reconcile/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { ObjectInput, Reader } from '../../../src/store/index.js'
import {
  createReplicaController,
  createTaintEvictionController,
  drainNode,
} from '../../../src/workloads/index.js'
import type { Law } from '../../simulation/fixtures/revision-view.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { keeps, onChange, whenAtRest } from './write-law.js'
import { alive, beating, heartbeat, lifecycle, silentNode } from './zone-nodes.js'

const labels = { app: 'web' }
function replicaSet(replicas: number, template: object = {}): ObjectInput {
  return {
    kind: 'ReplicaSet',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { image: 'web', ...template } },
    },
  }
}

const tasksOn = (reader: Reader, name: string): readonly Task[] =>
  reader.list(Task, { index: { name: 'node', value: name } }).items

const asManyAsWanted = (reader: Reader): boolean =>
  reader.list(ReplicaSet).items.every(({ metadata, spec }) => {
    const own = reader
      .list(Task)
      .items.filter(task => isTaskActive(task) && controllerOf(task)?.uid === metadata.uid)
    return own.filter(task => isConditionTrue(task.status?.conditions, 'Ready')).length === spec.replicas
  })

/** One node of a zone each ten seconds, by one loop. */
function inTurn(): Law {
  let last: { readonly node: string; readonly atMs: number } | undefined
  return ({ changes, atMs, all }) => {
    // Who is removed, or not wanted, has no turn.
    if (all(ReplicaSet).length === 0 || all(Node).length < 3) return []
    const nodes = new Set<string>()
    for (const { before, now } of changes) {
      const node = before?.kind === 'Task' ? (before as Task).spec.nodeName : undefined
      if (now === undefined && node !== undefined && node !== alive) nodes.add(node)
    }
    const [node] = nodes
    if (node === undefined) return []
    const before = last
    last = { node, atMs }
    if (nodes.size > 1) return [`${[...nodes].join(' and ')} lose their tasks at once`]
    return before !== undefined && before.node !== node && atMs - before.atMs < 10_000
      ? [`${node} loses its tasks ${atMs - before.atMs} ms after ${before.node}`]
      : []
  }
}

/** Drains the nodes that ask for it, and takes it up again after a crash. */
const drainer = (): Controller =>
  createController({
    name: 'drainer',
    for: Node,
    reconcile: async (ref, node, { client }) => {
      if (node === undefined || ref.name === alive || node.spec.unschedulable !== true) return
      await drainNode(client, ref, { by: `drain ${ref.name}`, retryMs: 5_000 })
    },
  })

const wanted = { key: 'gpu', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 } as const
const broken = { unschedulable: false, taints: [{ key: 'gpu', effect: 'NoExecute' }] }
/** Two tasks, the second long after the taint came. */
const placer = (): Controller =>
  createController({
    name: 'placer',
    for: Node,
    reconcile: (ref, _node, { client, env }) =>
      client.transact(tx => {
        const node = tx.get(Node, ref)
        const made = Number(node?.metadata.annotations['made'] ?? 0)
        if (node === undefined || made === 2) return
        const dueMs = parseTime(node.metadata.creationTimestamp) + made * 25_000
        const waitMs = dueMs - env.clock.now()
        if (waitMs > 0) return requeueAfter(waitMs)
        const metadata = { namespace: 'default', name: `${node.metadata.uid}-${made}` }
        tx.create(Task, { metadata, spec: { nodeName: ref.name, tolerations: [wanted] } })
        tx.modify(Node, ref, draft => void (draft.metadata.annotations['made'] = String(made + 1)))
      }),
  })

const hasItsTime = onChange(
  'a task has the whole of the time that it tolerates the taint',
  Task,
  ({ before, now }, { timeMs }) => {
    if (before === undefined || now !== undefined) return true
    const livedMs = Date.UTC(2026, 0, 1) + timeMs - parseTime(before.metadata.creationTimestamp)
    return livedMs >= wanted.tolerationSeconds * 1000
  },
)

/** Takes the taints from the node a while after it was made. */
const mender = (): Controller =>
  createController({
    name: 'mender',
    for: Node,
    reconcile: async (ref, node, { client, env }) => {
      if (node === undefined || (node.spec.taints ?? []).length === 0) return
      const waitMs = parseTime(node.metadata.creationTimestamp) + 20_000 - env.clock.now()
      if (waitMs > 0) return requeueAfter(waitMs)
      await client.modify(Node, ref, draft => void (draft.spec.taints = []))
    },
  })

/** In 20 s the pauses leave room for six evictions; a loop that crashes, or is edited away, begins again. */
function fewAreMade(max: number): () => Law {
  return () => {
    let made = 0
    return ({ changes }) => {
      made += changes.filter(
        ({ before, now, kind }) => kind === Task.kind && before === undefined && now,
      ).length
      return made > max ? [`${made} tasks were made`] : []
    }
  }
}

const cases: readonly OwnCase[] = [
  {
    name: 'a template that names a node that evicts is not made and evicted without end',
    make: () => [
      createTaintEvictionController(),
      createReplicaController(),
      mender(),
      kubelet({ stopMs: 0 }),
    ],
    options: {
      kinds: [Node, ReplicaSet, Task],
      objects: [silentNode('s1', broken), replicaSet(1, { nodeName: 's1' })],
      faults: { remove: 0, edit: 0 },
      except: beating,
      invariants: [
        keeps('few tasks are made', fewAreMade(25)),
        whenAtRest('it runs when the node is mended', asManyAsWanted),
      ],
    },
    share: 0.25,
  },
  {
    name: 'the silent nodes of a zone are given up one after the other',
    make: () => [
      heartbeat(),
      lifecycle(),
      createReplicaController(),
      createSchedulingController(),
      kubelet({ runs: task => task.spec.nodeName === alive }),
    ],
    options: {
      kinds: [Node, Lease, ReplicaSet, Task],
      objects: [silentNode('s1'), silentNode('s2'), replicaSet(4)],
      faults: { remove: 0, edit: 0 },
      except: beating,
      invariants: [
        keeps('one node each ten seconds', inTurn),
        whenAtRest('as many are available as wanted', asManyAsWanted),
        whenAtRest('nothing is left on silent nodes', reader =>
          ['s1', 's2'].every(name => tasksOn(reader, name).length === 0),
        ),
      ],
    },
    share: 0.05,
  },
  {
    name: 'a drain that crashes is taken up again, by two at once too',
    make: () => [
      heartbeat(),
      drainer(),
      createReplicaController(),
      createSchedulingController(),
      kubelet({ runs: task => task.spec.nodeName !== undefined }),
    ],
    options: {
      kinds: [Node, Lease, ReplicaSet, Task],
      instances: 2,
      objects: [silentNode('s1', { unschedulable: true }), replicaSet(2)],
      faults: { edit: { target: ({ label }) => label.includes('unschedulable') } },
      except: beating,
      invariants: [
        whenAtRest('a cordoned node is empty', reader =>
          reader
            .list(Node)
            .items.every(
              ({ metadata, spec }) =>
                spec.unschedulable !== true || tasksOn(reader, metadata.name).length === 0,
            ),
        ),
        whenAtRest('as many are available as wanted', asManyAsWanted),
      ],
    },
    share: 0.1,
  },
  {
    name: 'a task that tolerates a taint for a time has all of it, whenever it comes',
    make: () => [createTaintEvictionController(), placer(), kubelet()],
    options: {
      kinds: [Node, Task],
      instances: 2,
      objects: [silentNode('s1', broken)],
      faults: { remove: 0, edit: 0 },
      except: beating,
      // How many were made before the node was removed is a matter of time.
      compared: object => (object.kind === Task.kind ? undefined : object),
      invariants: [
        hasItsTime,
        whenAtRest('and no more than that', reader => reader.count(Node) === 0 || reader.count(Task) === 0),
      ],
    },
    share: 0.1,
  },
]

runUnderCheck(cases)
