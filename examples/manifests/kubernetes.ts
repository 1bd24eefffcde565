import type { DeploymentSpec, EnvVar, Probe, ServiceSpec, TaskPort, TaskSpec } from 'keelson/api'
import type { ResourceInput } from 'keelson/core'
import type { Application } from './load.js'
import type { FieldReader } from './manifest-error.js'
import { readFields } from './manifest-error.js'

const containerFields = [
  'name',
  'image',
  'command',
  'args',
  'env',
  'ports',
  'resources',
  'readinessProbe',
  'livenessProbe',
]

/** One Deployment of one container, and the Service in front of it. The store checks the values. */
export function fromKubernetes(problems: string[], documents: readonly unknown[]): Application {
  const find = (kind: string): FieldReader => {
    const found = documents.find(document => (document as { kind?: unknown }).kind === kind)
    if (found === undefined) problems.push(`has no ${kind}`)
    // What a missing object lacks is said with that.
    return readFields(found === undefined ? [] : problems, found ?? {}, `${kind} `)
  }
  const deployment = find('Deployment')
  const service = find('Service')
  const spec = deployment.object('spec')
  return {
    deployment: {
      metadata: metadataOf(deployment),
      spec: {
        ...spec,
        replicas: (spec.replicas as number | undefined) ?? 1,
        selector: deployment.object('spec.selector'),
        template: {
          metadata: deployment.object('spec.template.metadata'),
          spec: taskSpec(deployment),
        },
      } as DeploymentSpec,
    },
    service: { metadata: metadataOf(service), spec: service.object('spec') as ServiceSpec },
  }
}

function metadataOf(reader: FieldReader): { name: string; namespace: string } {
  const namespace =
    reader.optional('metadata.namespace') === undefined ? 'default' : reader.text('metadata.namespace')
  return { name: reader.text('metadata.name'), namespace }
}

function taskSpec(reader: FieldReader): TaskSpec {
  const pod = 'spec.template.spec'
  reader.only(pod, ['containers', 'nodeSelector', 'tolerations', 'terminationGracePeriodSeconds'])
  const [container, second] = reader.list(`${pod}.containers`)
  if (container === undefined) reader.object(`${pod}.containers.0`)
  if (second !== undefined) reader.only(`${pod}.containers`, ['0'])
  const first = `${pod}.containers.0`
  reader.only(first, containerFields)
  const { name: _, ...known } = reader.object(first)
  const { containers: __, ...placement } = reader.object(pod)
  return {
    ...(placement as TaskSpec),
    ...(known as {
      image?: string
      command?: string[]
      env?: EnvVar[]
      ports?: TaskPort[]
      resources?: { requests?: ResourceInput }
      readinessProbe?: Probe
    }),
  }
}
