import type { Constraint } from 'keelson/core'
import { nomadConstraints, parseResources } from 'keelson/core'
import type { PlacementRequest } from 'keelson/scheduling'
import type { FieldReader } from './manifest-error.js'
import { readFields } from './manifest-error.js'

/** What places a task group of a Nomad job: one request for each of its `Count`. */
export interface NomadGroup {
  readonly name: string
  readonly count: number
  /** Without a key. */
  readonly request: Omit<PlacementRequest, 'key'>
}

const groupFields = ['Name', 'Count', 'Tasks', 'Constraints', 'Affinities', 'Networks', 'Meta']
const jobFields = [
  'ID',
  'Name',
  'Type',
  'Priority',
  'Datacenters',
  'Constraints',
  'Affinities',
  'TaskGroups',
  'Meta',
  'Namespace',
]
/** Nomad counts the clock of processors, this scheduler cores: 1000 MHz are taken for one. */
const MHZ_PER_CORE = 1_000

/**
 * The placement of a Nomad job, in the JSON form of its API (`nomad job run -output`). What else it says, such as drivers
 * and templates, does not matter here; what would, and is not known, is a problem.
 */
export function fromNomad(
  problems: string[],
  document: Readonly<Record<string, unknown>>,
): readonly NomadGroup[] {
  const job = readFields(problems, document['Job'] ?? document, 'Job ')
  job.only('', jobFields)
  const id = job.text('ID')
  const priority = job.number('Priority', 50)
  return job.list('TaskGroups').map((group, index) => {
    const at = `TaskGroups.${index}`
    job.only(at, groupFields)
    const name = `${id}-${job.text(`${at}.Name`)}`
    return {
      name,
      count: job.number(`${at}.Count`, 1),
      request: {
        group: name,
        priority,
        requests: resourcesOf(job, at, group),
        constraints: [
          ...constraintsOf(problems, job, 'Constraints'),
          ...constraintsOf(problems, job, `${at}.Constraints`),
        ],
      },
    }
  })
}

/** The tasks of a group run side by side on one node. */
function resourcesOf(job: FieldReader, at: string, group: Readonly<Record<string, unknown>>) {
  let [cores, memoryMB, diskMB] = [0, 0, 0]
  for (const [index] of job.list(`${at}.Tasks`).entries()) {
    const path = `${at}.Tasks.${index}.Resources`
    const exclusive = job.number(`${path}.Cores`, 0)
    cores += exclusive > 0 ? exclusive : job.number(`${path}.CPU`, 100) / MHZ_PER_CORE
    memoryMB += job.number(`${path}.MemoryMB`, 300)
  }
  if (group['EphemeralDisk'] !== undefined) diskMB = job.number(`${at}.EphemeralDisk.SizeMB`, 300)
  return parseResources({
    cpu: Math.round(cores * 1_000) / 1_000,
    memory: `${memoryMB}Mi`,
    ...(diskMB === 0 ? {} : { 'ephemeral-storage': `${diskMB}Mi` }),
  })
}

/** `{ LTarget, Operand, RTarget }`, as the API has them. */
function constraintsOf(problems: string[], job: FieldReader, path: string): readonly Constraint[] {
  return job.list(path).flatMap((_one, index) => {
    try {
      const at = `${path}.${index}`
      const value = textAt(job, `${at}.RTarget`)
      const operator = textAt(job, `${at}.Operand`) ?? '='
      const attribute = textAt(job, `${at}.LTarget`) ?? ''
      return nomadConstraints({ attribute, operator, ...(value === undefined ? {} : { value }) })
    } catch (error) {
      problems.push(`Job ${path}.${index} ${(error as Error).message}`)
      return []
    }
  })
}

/** Undefined when it is missing or empty, as Go's JSON writes what is not given. */
function textAt(job: FieldReader, path: string): string | undefined {
  const value = job.optional(path)
  return typeof value === 'string' && value !== '' ? value : undefined
}
