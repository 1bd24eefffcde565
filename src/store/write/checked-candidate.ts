import type { Admitted, Candidate } from '../admission/admit.js'
import { admit } from '../admission/admit.js'
import { listProblems } from '../apply/list-problems.js'
import type { KindTable } from '../engine/kind-table.js'
import { refuse } from '../object/store-errors.js'
import type { WriteSite } from './write-site.js'

/** What is admitted, with lists as the kind declares them. */
export function checkedCandidate(site: WriteSite, table: KindTable, candidate: Candidate): Admitted {
  const admitted = admit(site, table, candidate)
  if (!table.declaresMerges) return admitted
  const { previous, subject } = candidate
  for (const part of ['spec', 'status'] as const) {
    const type = table.fieldType.fields.get(part)
    if (type === undefined) continue
    refuse(listProblems(admitted.content[part], previous?.[part], type, [part]), subject)
  }
  return admitted
}
