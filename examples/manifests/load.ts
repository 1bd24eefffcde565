import { readFileSync } from 'node:fs'
import type { DeploymentSpec, ServiceSpec } from 'keelson/api'
import type { ObjectInput } from 'keelson/store'
import { parseAllDocuments } from 'yaml'
import { fromKubernetes } from './kubernetes.js'
import { ManifestError } from './manifest-error.js'
import { fromMarathon } from './marathon.js'

/** One application: what to run and how to reach it. */
export interface Application {
  readonly deployment: ObjectInput<DeploymentSpec>
  readonly service: ObjectInput<ServiceSpec>
}

/**
 * Reads an application from a file: Kubernetes YAML with a Deployment and a Service, or a Marathon app as JSON.
 *
 * @throws ManifestError with one line that names the file, the field and what is wrong
 */
export function loadManifest(file: string): Application {
  const documents = parse(file, read(file))
  const first = documents[0]
  if (typeof first !== 'object' || first === null) throw new ManifestError(file, '', 'holds no object')
  return 'kind' in first
    ? fromKubernetes(file, documents)
    : fromMarathon(file, first as Record<string, unknown>)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ManifestError(file, '', `cannot be read: ${(error as Error).message}`)
  }
}

/** JSON is YAML too, so one parser reads both. */
function parse(file: string, text: string): readonly unknown[] {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) return []
  for (const document of documents) {
    const [problem] = document.errors
    if (problem !== undefined)
      throw new ManifestError(file, '', problem.message.split('\n')[0] ?? 'is not YAML')
  }
  return documents.map(document => document.toJS() as unknown).filter(value => value !== null)
}
