import { nameLabels } from '../dns/dns-name.js'
import type { DnsRecord } from '../dns/dns-record.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { RegistrySnapshot } from './registry-snapshot.js'

/**
 * Turns services into names: a pure function of a snapshot and a question. Equal snapshots and questions give
 * equal resolutions, records in a fixed order. Write your own to serve other names from the same registry.
 *
 * Records show what is in the maps of the snapshot. Its revision is for the serials of SOA records: an answer without
 * one is kept while what it was read from does not change.
 */
export interface NamingProfile {
  readonly name: string
  /** Undefined for a name that this profile does not serve. Owner names echo the question's spelling. */
  resolve(snapshot: RegistrySnapshot, question: RegistryQuestion): Resolution | undefined
}

/** The answer to names that no profile serves. */
function refused(revision: number): Resolution {
  return { rcode: 'REFUSED', authoritative: false, answers: [], authority: [], additional: [], revision }
}

/**
 * Asks each profile in turn. The first that has an answer wins; when none has, the first that denied the name
 * speaks for all; when none serves the name, it is REFUSED.
 */
export function resolveWith(
  profiles: readonly NamingProfile[],
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): Resolution {
  let denial: Resolution | undefined
  for (const profile of profiles) {
    const resolution = profile.resolve(snapshot, question)
    if (resolution === undefined) continue
    if (resolution.rcode === 'NOERROR') return writable(resolution)
    denial ??= resolution
  }
  return denial ?? refused(snapshot.revision)
}

/**
 * Without records that lead to what is no DNS name: a node's name may make a label too long, and the others are not to be
 * lost with it.
 */
function writable(resolution: Resolution): Resolution {
  const { answers, additional } = resolution
  if (answers.every(isWritable) && additional.every(isWritable)) return resolution
  return { ...resolution, answers: answers.filter(isWritable), additional: additional.filter(isWritable) }
}

function isWritable(record: DnsRecord): boolean {
  return nameLabels('target' in record ? record.target : record.name) !== undefined
}
