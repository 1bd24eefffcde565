import { readFileSync } from 'node:fs'
import type { CronJobSpec, JobSpec } from 'keelson/api'
import type { ObjectInput } from 'keelson/store'
import { parseAllDocuments } from 'yaml'
import { taskSpec } from '../manifests/kubernetes.js'
import type { FieldReader } from '../manifests/manifest-error.js'
import { ManifestError, readFields } from '../manifests/manifest-error.js'

/** What a file of Kubernetes' Jobs and CronJobs holds. */
export interface Batch {
  readonly jobs: readonly ObjectInput<JobSpec>[]
  readonly cronJobs: readonly ObjectInput<CronJobSpec>[]
}

/**
 * Reads Jobs and CronJobs of one container each. The store checks the values.
 *
 * @throws ManifestError with a line for each thing that is wrong
 */
export function readBatch(file: string): Batch {
  const problems: string[] = []
  const documents = parseAllDocuments(readFileSync(file, 'utf8'))
  if (!Array.isArray(documents)) throw new ManifestError(file, ['holds no object'])
  const jobs: ObjectInput<JobSpec>[] = []
  const cronJobs: ObjectInput<CronJobSpec>[] = []
  for (const document of documents) {
    const reader = readFields(problems, document.toJS() as unknown)
    const kind = reader.text('kind')
    const metadata = { namespace: 'default', name: reader.text('metadata.name') }
    if (kind === 'Job') jobs.push({ metadata, spec: jobSpec(reader, 'spec') })
    else if (kind === 'CronJob') {
      const spec = reader.object('spec') as unknown as CronJobSpec
      cronJobs.push({
        metadata,
        spec: { ...spec, jobTemplate: { spec: jobSpec(reader, 'spec.jobTemplate.spec') } },
      })
    } else problems.push(`kind ${kind} is neither Job nor CronJob`)
  }
  if (problems.length > 0) throw new ManifestError(file, problems)
  return { jobs, cronJobs }
}

/** The restart policy of the pod is one of the job here: no task is restarted. */
function jobSpec(reader: FieldReader, at: string): JobSpec {
  const pod = `${at}.template.spec`
  const restartPolicy = reader.text(`${pod}.restartPolicy`) as NonNullable<JobSpec['restartPolicy']>
  const template = { spec: taskSpec(reader, pod, ['restartPolicy']) }
  return { ...(reader.object(at) as unknown as JobSpec), restartPolicy, template }
}
