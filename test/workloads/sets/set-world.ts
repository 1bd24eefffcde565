import type { DaemonSetSpec, NodeSpec, SlotSetSpec, StatefulSetSpec } from '../../../src/api/index.js'
import {
  Cell,
  DaemonSet,
  isTaskActive,
  Node,
  Revision,
  SlotSet,
  StatefulSet,
  Task,
} from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createController } from '../../../src/reconcile/index.js'
import { createCellRolloutController } from '../../../src/rollout/index.js'
import {
  createCellController,
  createDaemonSetController,
  createSlotSetController,
  createStatefulSetController,
} from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import { kubelet } from '../../testing/own/neighbours.js'

const labels = { app: 'web' }

/** Real loops for all kinds of sets, and a kubelet. */
export interface SetWorld extends World {
  /** Images whose tasks run and never become ready. */
  readonly broken: Set<string>
  /** Images whose tasks fail, or end well, a moment after their start. */
  readonly failing: Set<string>
  readonly succeeding: Set<string>
  /** Nodes that do nothing any more. */
  readonly silent: Set<string>
  stateful(spec?: Partial<StatefulSetSpec>): Promise<void>
  daemon(spec?: Partial<DaemonSetSpec>): Promise<void>
  slots(spec?: Partial<SlotSetSpec>): Promise<void>
  change(kind: 'stateful' | 'daemon' | 'slots', spec: object): Promise<void>
  node(name: string, spec?: NodeSpec): Promise<void>
  /** A node's condition `Ready`. */
  hears(name: string, status: 'True' | 'Unknown'): Promise<void>
  /** `web-0:a web-1:b!`: each task with its image; `!` not ready, `-` on its way out. */
  tasks(): string
  /** The same, by node. */
  nodes(): string
  /** How many tasks are made from now on. */
  countMade(): { readonly count: number }
  after(ms: number): Promise<void>
}

export async function createSetWorld(): Promise<SetWorld> {
  const world = createWorld({ kinds: [Cell, DaemonSet, Node, Revision, SlotSet, StatefulSet, Task] })
  const { env, store } = world
  const broken = new Set<string>()
  const failing = new Set<string>()
  const succeeding = new Set<string>()
  const silent = new Set<string>()
  const runs = (task: Task): boolean => !silent.has(task.spec.nodeName ?? '')
  await world.start(
    createCellRolloutController({ for: StatefulSet }),
    createCellRolloutController({ for: DaemonSet }),
    createCellRolloutController({ for: SlotSet }),
    createStatefulSetController(),
    createDaemonSetController(),
    createSlotSetController(),
    createCellController(),
    kubelet({
      runs: task => runs(task) && !broken.has(task.spec.image ?? ''),
      fails: ({ spec }) => failing.has(spec.image ?? ''),
      succeeds: ({ spec }) => succeeding.has(spec.image ?? ''),
    }),
    createController({
      name: 'finalizer of a silent node',
      for: Task,
      async reconcile(task, object, { client }) {
        const stuck =
          object !== undefined && !runs(object) && !object.metadata.finalizers.includes('example.com/stuck')
        if (!stuck || object.metadata.deletionTimestamp !== undefined) return
        await client.modify(Task, task, draft => {
          draft.metadata.finalizers = [...draft.metadata.finalizers, 'example.com/stuck']
        })
      },
    }),
  )
  const describe = (task: Task, name: string): string => {
    const ready = task.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    return `${name}:${task.spec.image}${isTaskActive(task) ? (ready === true ? '' : '!') : '-'}`
  }
  const listed = (nameOf: (task: Task) => string): string =>
    store
      .list(Task)
      .items.map(task => describe(task, nameOf(task)))
      .sort()
      .join(' ')
  const hears = async (name: string, status: 'True' | 'Unknown'): Promise<void> => {
    const lastTransitionTime = formatTime(env.clock.now())
    await store.modifyStatus(Node, { name }, draft => {
      draft.status = {
        conditions: [{ type: 'Ready', status, reason: 'Told', message: '', lastTransitionTime }],
      }
    })
  }
  const template = (image: string) => ({ metadata: { labels }, spec: { image } })
  return {
    ...world,
    broken,
    failing,
    succeeding,
    silent,
    async stateful(spec = {}) {
      await store.create(StatefulSet, {
        metadata: ref('web'),
        spec: { replicas: 3, selector: { matchLabels: labels }, template: template('a'), ...spec },
      })
    },
    async daemon(spec = {}) {
      await store.create(DaemonSet, {
        metadata: ref('web'),
        spec: { selector: { matchLabels: labels }, template: template('a'), ...spec },
      })
    },
    async slots(spec = {}) {
      await store.create(SlotSet, {
        metadata: ref('web'),
        spec: { selector: { matchLabels: labels }, template: template('a'), ...spec },
      })
    },
    async change(kind, spec) {
      const change = (draft: { spec: object }): void => void Object.assign(draft.spec, spec)
      if (kind === 'stateful') await store.modify(StatefulSet, ref('web'), change)
      else if (kind === 'slots') await store.modify(SlotSet, ref('web'), change)
      else await store.modify(DaemonSet, ref('web'), change)
    },
    async node(name, spec = {}) {
      await store.create(Node, { metadata: { name }, spec })
      await hears(name, 'True')
    },
    hears,
    tasks: () => listed(({ metadata }) => metadata.name),
    nodes: () => listed(({ spec }) => spec.nodeName ?? ''),
    countMade() {
      const made = { count: 0 }
      store.watch(Task).on(({ events }) => {
        made.count += events.filter(({ type }) => type === 'ADDED').length
      })
      return made
    },
    after: ms => env.advance(ms),
  }
}

/** A spec whose template has this image. */
export function withImage(image: string): object {
  return { template: { metadata: { labels }, spec: { image } } }
}
