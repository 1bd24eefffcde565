import { Deployment, findCondition, isConditionTrue, Service, Task } from 'keelson/api'
import { isKeelsonError } from 'keelson/core'
import { waitUntil } from 'keelson/reconcile'
import type { Application } from '../manifests/load.js'
import type { StepResult } from '../runtime/step-report.js'
import type { Cluster } from './cluster.js'
import { StoryError } from './story.js'

/** Whether each task of the application wants a node of its own. */
export function isApart({ deployment }: Pick<Application, 'deployment'>): boolean {
  return (deployment.spec.template.spec.constraints ?? []).some(({ operator }) => operator === 'unique')
}

/** Deploys one task per node, then asks for one more: it has to wait, and says why. */
export async function tellPlacement(
  { client }: Cluster,
  { deployment, service }: Application,
  say: (line: string) => void,
): Promise<readonly StepResult[]> {
  const ref = { namespace: deployment.metadata.namespace ?? 'default', name: deployment.metadata.name ?? '' }
  const tasks = (): readonly Task[] => client.list(Task, { namespace: ref.namespace }).items
  const ready = (): readonly Task[] =>
    tasks().filter(({ status }) => isConditionTrue(status?.conditions, 'Ready'))
  const refusal = (): string | undefined =>
    tasks()
      .map(({ status }) => findCondition(status?.conditions, 'Scheduled'))
      .find(condition => condition?.status === 'False')?.message
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    say(`▸ ${what}`)
    try {
      await waitUntil(client, [Deployment, Task], holds, { timeoutMs: 20_000 })
    } catch (error) {
      throw isKeelsonError(error, 'Timeout') ? new StoryError(`${what}: not within 20 s`) : error
    }
    say(`✓ ${what}`)
  }

  const { replicas } = deployment.spec
  await client.create(Service, service)
  await client.create(Deployment, deployment)
  await until(`${replicas} tasks run on ${replicas} nodes`, () => {
    const nodes = new Set(ready().map(({ spec }) => spec.nodeName))
    return ready().length === replicas && nodes.size === replicas
  })
  await client.modify(Deployment, ref, draft => {
    draft.spec.replicas = replicas + 1
  })
  await until('one task more has to wait', () => refusal() !== undefined)
  say(`  ${refusal()}`)
  if (ready().length !== replicas) throw new StoryError(`${ready().length} tasks run instead of ${replicas}`)
  say('ok')
  return []
}
