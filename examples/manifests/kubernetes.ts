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

/** One Deployment of one container, and the Services in front of it. The store checks the values. */
export function fromKubernetes(problems: string[], documents: readonly unknown[]): Application {
  const find = (kind: string): readonly FieldReader[] => {
    const found = documents.filter(document => (document as { kind?: unknown }).kind === kind)
    if (found.length === 0) problems.push(`has no ${kind}`)
    // What a missing object lacks is said with that.
    return (found.length === 0 ? [{}] : found).map(document =>
      readFields(found.length === 0 ? [] : problems, document, `${kind} `),
    )
  }
  const [deployment] = find('Deployment') as [FieldReader]
  const [service, ...others] = find('Service').map(serviceOf) as [Application['service']]
  const spec = deployment.object('spec')
  return {
    service,
    others,
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
  }
}

/** `clusterIP: None` and `type: ExternalName` are modes here. */
function serviceOf(reader: FieldReader): Application['service'] {
  const { clusterIP, type, ...spec } = reader.object('spec') as Record<string, unknown>
  const mode = type === 'ExternalName' ? 'external' : clusterIP === 'None' ? 'headless' : undefined
  const isKnown = [undefined, 'ClusterIP', 'ExternalName'].includes(type as string | undefined)
  const given = clusterIP === undefined || clusterIP === 'None' ? {} : { clusterIPs: [clusterIP] }
  return {
    metadata: metadataOf(reader),
    // What is not known goes on as it is, for the store to name.
    spec: {
      ...spec,
      ...given,
      ...(mode === undefined ? {} : { mode }),
      ...(isKnown ? {} : { type }),
    } as ServiceSpec,
  }
}

function metadataOf(reader: FieldReader): { name: string; namespace: string } {
  const namespace =
    reader.optional('metadata.namespace') === undefined ? 'default' : reader.text('metadata.namespace')
  return { name: reader.text('metadata.name'), namespace }
}

/**
 * The task of a pod of one container.
 *
 * @param pod where its spec is
 * @param others fields of it that somebody else reads
 */
export function taskSpec(
  reader: FieldReader,
  pod: string = 'spec.template.spec',
  others: readonly string[] = [],
): TaskSpec {
  reader.only(pod, ['containers', 'nodeSelector', 'tolerations', 'terminationGracePeriodSeconds', ...others])
  const [container, second] = reader.list(`${pod}.containers`)
  if (container === undefined) reader.object(`${pod}.containers.0`)
  if (second !== undefined) reader.only(`${pod}.containers`, ['0'])
  const first = `${pod}.containers.0`
  reader.only(first, containerFields)
  const { name: _, ...known } = reader.object(first)
  const { containers: __, ...placement } = reader.object(pod)
  const ours = Object.fromEntries(Object.entries(placement).filter(([field]) => !others.includes(field)))
  return {
    ...(ours as TaskSpec),
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
