import { readFileSync } from 'node:fs'
import type { DeploymentSpec, ServiceSpec } from 'keelson/api'
import { Deployment, Service } from 'keelson/api'
import { isKeelsonError } from 'keelson/core'
import type { ObjectInput } from 'keelson/store'
import { createStore } from 'keelson/store'
import { parseAllDocuments } from 'yaml'
import { fromKubernetes } from './kubernetes.js'
import { ManifestError } from './manifest-error.js'
import { fromMarathon } from './marathon.js'

/** One application: what to run and how to reach it. */
export interface Application {
  readonly deployment: ObjectInput<DeploymentSpec>
  readonly service: ObjectInput<ServiceSpec>
  /** Further services, of Kubernetes YAML. */
  readonly others: readonly ObjectInput<ServiceSpec>[]
}

/**
 * Reads an application from a file: Kubernetes YAML with a Deployment and its Services, or a Marathon app as JSON.
 *
 * @throws ManifestError with a line for each thing that is wrong: the file, the field and what
 */
export function loadManifest(file: string): Application {
  const documents = parse(file, read(file))
  const first = documents[0]
  if (typeof first !== 'object' || first === null) throw new ManifestError(file, ['holds no object'])
  const problems: string[] = []
  const application =
    'kind' in first
      ? fromKubernetes(problems, documents)
      : fromMarathon(problems, first as Record<string, unknown>)
  if (problems.length > 0) throw new ManifestError(file, problems)
  return application
}

/**
 * Asks a store what it would say to the application, before anything is started.
 *
 * @throws ManifestError with a line for each field that it refuses
 */
export async function checkApplication(file: string, application: Application): Promise<void> {
  const { deployment, service, others } = application
  const store = createStore({ kinds: [Deployment, Service] })
  const answers = await Promise.allSettled([
    store.create(Deployment, deployment),
    ...[service, ...others].map(one => store.create(Service, one)),
  ])
  const problems = answers.flatMap((answer, index) => {
    if (answer.status === 'fulfilled') return []
    if (!isKeelsonError(answer.reason, 'Invalid')) throw answer.reason
    const kind = index === 0 ? 'Deployment' : 'Service'
    return answer.reason.details.problems.map(({ field, message }) => `${kind} ${field} ${message}`)
  })
  if (problems.length > 0) throw new ManifestError(file, problems)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ManifestError(file, [`cannot be read: ${(error as Error).message}`])
  }
}

/** JSON is YAML too, so one parser reads both. */
function parse(file: string, text: string): readonly unknown[] {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) return []
  const problems = documents.flatMap(({ errors }) =>
    errors.map(({ message }) => message.split('\n')[0] ?? 'is not YAML'),
  )
  if (problems.length > 0) throw new ManifestError(file, problems)
  return documents.map(document => document.toJS() as unknown).filter(value => value !== null)
}
