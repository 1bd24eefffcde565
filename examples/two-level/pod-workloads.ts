import assert from 'node:assert/strict'
import type { JobSpec, TaskSpec } from 'keelson/api'
import { Deployment, findCondition, isConditionTrue, JOB_NAME_ANNOTATION, Job, Task } from 'keelson/api'
import type { Client, ObjectInput } from 'keelson/store'
import { loadManifest } from '../manifests/load.js'
import { NAMESPACE } from './pod-controller.js'

const GANG = 'trainers'
const GANG_SIZE = 3
const RUNS = 42
/** A pod that ends with its node, or is stopped by the pool, is run again and does not count as a failure. */
const IGNORE_DISRUPTION = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] } as const

/** What the pods of the example are of: a Deployment, a Job whose pods start together, and one of many short runs. */
export class PodWorkloads {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /**
   * The Deployment, and the gang.
   *
   * @param file Kubernetes YAML
   */
  async apply(file: string): Promise<void> {
    await this.#client.create(Job, jobOf(GANG, GANG_SIZE, { gang: { name: GANG, minMembers: GANG_SIZE } }))
    await this.#client.create(Deployment, loadManifest(file).deployment)
  }

  /** Many short runs; a pod of the Deployment that has to be replaced does not wait behind all of them. */
  async applyRuns(): Promise<void> {
    await this.#client.create(Job, jobOf('runs', RUNS, { priority: -1 }))
  }

  /** Sets how many pods the Deployment is to have. */
  async scale(replicas: number): Promise<void> {
    const [deployment] = this.#client.list(Deployment).items
    assert(deployment !== undefined)
    await this.#client.modify(Deployment, deployment.metadata, draft => {
      draft.spec.replicas = replicas
    })
  }

  /** Pods of the Deployment that serve, with the nodes where they do. */
  get serving(): ReadonlyMap<string, string> {
    const ready = this.#client.list(Task).items.filter(({ metadata, status }) => {
      const isOfJob = metadata.annotations[JOB_NAME_ANNOTATION] !== undefined
      return (
        !isOfJob && metadata.deletionTimestamp === undefined && isConditionTrue(status?.conditions, 'Ready')
      )
    })
    return new Map(ready.map(({ metadata, spec }) => [metadata.name, spec.nodeName ?? '']))
  }

  /** All replicas of the Deployment serve, and it knows that. */
  get isAvailable(): boolean {
    const [deployment] = this.#client.list(Deployment).items
    const { replicas } = deployment?.spec ?? {}
    return deployment?.status?.availableReplicas === replicas && this.serving.size === replicas
  }

  get isComplete(): boolean {
    const jobs = this.#client.list(Job).items
    return this.isAvailable && jobs.every(({ status }) => isConditionTrue(status?.conditions, 'Complete'))
  }

  /** Pods of Jobs that have succeeded. */
  get succeeded(): number {
    return this.#client.list(Job).items.reduce((sum, { status }) => sum + (status?.succeeded ?? 0), 0)
  }

  /** Every run counted once, and the gang was bound at one time. */
  judge(): void {
    assert.equal(this.succeeded, GANG_SIZE + RUNS, 'each run has succeeded once')
    const times = this.#client
      .list(Task)
      .items.filter(({ spec }) => spec.gang !== undefined)
      .map(({ status }) => findCondition(status?.conditions, 'Scheduled')?.lastTransitionTime)
    assert.equal(times.length, GANG_SIZE)
    assert.equal(new Set(times).size, 1, 'the gang got its places at once')
  }
}

function jobOf(name: string, count: number, spec: Partial<TaskSpec> = {}): ObjectInput<JobSpec> {
  const program = { command: ['sleep', '0.6'], resources: { requests: { cpu: 1, memory: '64Mi' } } }
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      completions: count,
      parallelism: count,
      podFailurePolicy: { rules: [IGNORE_DISRUPTION] },
      template: { spec: { ...program, ...spec } },
    },
  }
}
