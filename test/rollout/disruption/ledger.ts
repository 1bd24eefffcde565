import type { DisruptionBudgetSpec } from '../../../src/api/index.js'
import { Deployment, DisruptionBudget, ReplicaSet, Task } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createDisruptionController } from '../../../src/rollout/index.js'
import type { Kind, ObjectRef, OwnerReference } from '../../../src/store/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

export const web: Readonly<Record<string, string>> = { app: 'web' }
export const budgetRef: ObjectRef = ref('web')

/** A namespace with tasks, budgets and the controller that fills their status. */
export interface Ledger extends World {
  budget(spec: Partial<DisruptionBudgetSpec>, name?: string): Promise<void>
  task(name: string, options?: TaskOptions): Promise<Task>
  ready(name: string, status?: 'True' | 'False'): Promise<void>
  status(name?: string): DisruptionBudget['status']
}

export interface TaskOptions {
  readonly labels?: Readonly<Record<string, string>>
  readonly ready?: boolean
  readonly owner?: OwnerReference
}

export async function createLedger(kinds: readonly Kind[] = [Deployment, ReplicaSet]): Promise<Ledger> {
  const world = createWorld({ kinds: [DisruptionBudget, Task, ...kinds] })
  const { env, store } = world
  await world.start(createDisruptionController())
  const ready = async (name: string, status: 'True' | 'False' = 'True'): Promise<void> => {
    await store.modifyStatus(Task, ref(name), draft => {
      const lastTransitionTime = formatTime(env.clock.now())
      draft.status = {
        phase: 'Running',
        conditions: [{ type: 'Ready', status, reason: 'Told', message: '', lastTransitionTime }],
      }
    })
    await env.settle()
  }
  return {
    ...world,
    ready,
    async budget(spec, name = 'web') {
      await store.create(DisruptionBudget, {
        metadata: ref(name),
        spec: { selector: { matchLabels: web }, ...spec },
      })
      await env.settle()
    },
    async task(name, { labels = web, ready: isReady = true, owner } = {}) {
      const task = await store.create(Task, {
        metadata: { ...ref(name), labels, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
        spec: {},
      })
      if (isReady) await ready(name)
      await env.settle()
      return task
    },
    status: (name = 'web') => store.get(DisruptionBudget, ref(name))?.status,
  }
}
