import type { TaskTemplate } from 'keelson/api'
import { Deployment, isConditionTrue, isTaskFinished, Service, Task } from 'keelson/api'
import { isKeelsonError } from 'keelson/core'
import { waitUntil } from 'keelson/reconcile'
import { rolloutStatus, undo } from 'keelson/rollout'
import type { Client, Kind, ObjectInput } from 'keelson/store'
import type { Application } from '../manifests/load.js'
import { createHttpLoad } from '../runtime/http-load.js'
import type { StepResult } from '../runtime/step-report.js'
import type { Cluster } from './cluster.js'

/** An expectation that did not hold; the message is one line for a person. */
export class StoryError extends Error {}

const STEP_TIMEOUT_MS = 20_000
const REQUESTS_PER_SECOND = 100
const REQUESTS_WANTED = 2_200
/** The annotation of the Deployment that says how many steps of the story are done. */
const STEPS_DONE = 'example.com/steps-done'

/** Runs the whole story; throws `StoryError` at the first expectation that does not hold in time. */
export async function tellStory(
  cluster: Cluster,
  application: Application,
  say: (line: string) => void,
): Promise<readonly StepResult[]> {
  const { client, env } = cluster
  const ref = {
    namespace: application.deployment.metadata.namespace ?? 'default',
    name: application.deployment.metadata.name ?? '',
  }
  const results: StepResult[] = []
  const load = createHttpLoad({
    env,
    hostname: `${application.service.metadata.name}.${ref.namespace}.svc.cluster.local`,
    dns: cluster.dns,
    dial: address => cluster.dial(address, application.service.spec.ports?.[0]?.port ?? 80),
    requestsPerSecond: REQUESTS_PER_SECOND,
  })

  const alive = (): readonly Task[] =>
    client.list(Task, { namespace: ref.namespace }).items.filter(task => !isTaskFinished(task))
  const tasks = (): readonly Task[] => alive().filter(task => task.metadata.deletionTimestamp === undefined)
  const versionOf = (from: Task | TaskTemplate): string =>
    from.spec.env?.find(variable => variable.name === 'VERSION')?.value ?? ''
  /** The rollout is done, every task has that version and is ready, and no old one still leaves. */
  const serves = (version: string, replicas: number): boolean => {
    const deployment = client.get(Deployment, ref)
    const right = tasks().filter(
      t => versionOf(t) === version && isConditionTrue(t.status?.conditions, 'Ready'),
    )
    const done = deployment !== undefined && rolloutStatus(deployment).done
    return done && right.length === replicas && alive().length === replicas
  }
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    const holdsOrFails = (): boolean => {
      const failed = client.list(Task, { namespace: ref.namespace }).items.find(cannotRun)
      if (failed === undefined) return holds()
      throw new StoryError(`${what}: cannot be, task ${failed.metadata.name} ${failed.status?.message}`)
    }
    try {
      await waitUntil(client, [Deployment, Task], holdsOrFails, { timeoutMs: STEP_TIMEOUT_MS })
    } catch (error) {
      if (!isKeelsonError(error, 'Timeout')) throw error
      throw new StoryError(`${what}: not within ${STEP_TIMEOUT_MS / 1000} s`)
    }
  }
  const setVersion = (version: string, extra: readonly { name: string; value: string }[] = []) =>
    client.modify(Deployment, ref, draft => {
      const kept = (draft.spec.template.spec.env ?? []).filter(e => e.name !== 'VERSION')
      draft.spec.template.spec.env = [...kept, { name: 'VERSION', value: version }, ...extra]
    })
  const step = async (
    name: string,
    how: { readonly during?: readonly string[]; readonly after: string; readonly planned?: boolean },
    run: () => Promise<void>,
  ): Promise<void> => {
    index++
    if (index <= done) {
      say(`· ${name}: done before`)
      return
    }
    say(`▸ ${name}`)
    const before = new Set(tasks().map(t => t.metadata.uid))
    const startedAt = env.clock.monotonic()
    load.expect([...(how.during ?? []), how.after])
    await run()
    load.expect([how.after])
    const planned = how.planned ?? true
    const rescheduled = planned ? 0 : tasks().filter(t => !before.has(t.metadata.uid)).length
    const seconds = (env.clock.monotonic() - startedAt) / 1000
    results.push({ name, planned, seconds, rescheduled, load: await load.take() })
    const steps = String(index)
    await client.modify(Deployment, ref, draft => {
      draft.metadata.annotations[STEPS_DONE] = steps
    })
    say(`✓ ${name} in ${seconds.toFixed(1)} s`)
  }

  const first = versionOf(application.deployment.spec.template)
  /** What a process that was killed had done already. */
  const done = Number(client.get(Deployment, ref)?.metadata.annotations[STEPS_DONE] ?? 0)
  let index = 0
  const few = application.deployment.spec.replicas
  const many = few * 2

  await step(`deploy ${first}`, { after: first }, async () => {
    const defaults = { progressDeadlineSeconds: 5, onFailure: 'revert' } as const
    await createMissing(client, Service, application.service)
    await createMissing(client, Deployment, {
      ...application.deployment,
      spec: { ...defaults, ...application.deployment.spec },
    })
    await until(`${first} is served by ${few} tasks`, () => serves(first, few))
    await cluster.listening()
  })
  if (done > 0) {
    say('▸ continue: the tasks of the killed process are replaced')
    await until('what was served is served again', () => {
      const deployment = client.get(Deployment, ref)
      return deployment !== undefined && serves(versionOf(deployment.spec.template), deployment.spec.replicas)
    })
    await cluster.listening()
  }
  for (const { service, url } of cluster.addresses()) say(`  ${service} answers at ${url}`)
  load.begin()
  try {
    await step('steady load', { after: first }, () => env.clock.sleep(2_000))
    await step(`scale ${few} to ${many}`, { after: first }, async () => {
      await client.modify(Deployment, ref, draft => {
        draft.spec.replicas = many
      })
      await until(`${first} is served by ${many} tasks`, () => serves(first, many))
    })
    await step('rolling update to v2', { during: [first], after: 'v2' }, async () => {
      await setVersion('v2')
      await until('v2 is served', () => serves('v2', many))
    })
    await step('broken v3 is reverted by itself', { after: 'v2' }, async () => {
      // A template that has failed is not tried again, and a process that was killed may have tried.
      const attempt = { name: 'ATTEMPT', value: String(client.revision) }
      await setVersion('v3', [{ name: 'BROKEN', value: '1' }, attempt])
      await until('v3 is tried', () => tasks().some(t => versionOf(t) === 'v3'))
      await until('v2 is served again', () => serves('v2', many))
    })
    await step(`undo to ${first}`, { during: ['v2'], after: first }, async () => {
      await undo(client, ref, { toRevision: 1 })
      await until(`${first} is served`, () => serves(first, many))
    })
    await step('SIGKILL one process', { after: first, planned: false }, async () => {
      const { uid } = tasks()[0]?.metadata ?? {}
      const [, pid] = cluster.processes().find(([owner]) => owner === uid) ?? []
      if (pid === undefined) throw new StoryError('there is no process to kill')
      process.kill(pid, 'SIGKILL')
      await until(
        'the killed task is replaced',
        () => serves(first, many) && !tasks().some(t => t.metadata.uid === uid),
      )
    })
    await step('a node fails', { after: first, planned: false }, async () => {
      const name = tasks()[0]?.spec.nodeName ?? ''
      await cluster.failNode(name)
      await until(
        'its tasks run elsewhere',
        () => serves(first, many) && !tasks().some(t => t.spec.nodeName === name),
      )
    })
    const sent = results.reduce((sum, result) => sum + result.load.sent, 0)
    const missingMs = Math.max(1_000, ((REQUESTS_WANTED - sent) / REQUESTS_PER_SECOND) * 1000)
    await step('steady load on two nodes', { after: first }, () => env.clock.sleep(missingMs))
  } finally {
    await load.stop()
  }
  return results
}

/** What a killed process has made is there already. */
async function createMissing<Spec, Status>(
  client: Client,
  kind: Kind<Spec, Status>,
  object: ObjectInput<Spec, Status>,
): Promise<void> {
  try {
    await client.create(kind, object)
  } catch (error) {
    if (!isKeelsonError(error, 'AlreadyExists')) throw error
  }
}

/** The command does not exist or may not be executed; trying again is of no use. 126 and 127 are a shell's words for it. */
function cannotRun({ status }: Task): boolean {
  const refused = status?.message?.startsWith('could not be started') === true
  return status?.phase === 'Failed' && (refused || status.exitCode === 126 || status.exitCode === 127)
}
