import type { DnsRecord, DnsTypeName, Rcode } from '../dns/dns-record.js'
import type { RegistrySnapshot } from './registry-snapshot.js'

/** A question of class IN to the registry. */
export interface RegistryQuestion {
  /** Absolute; a missing root dot is added. */
  readonly name: string
  readonly type: DnsTypeName | 'ANY' | number
}

/** A complete answer, before it is cut to a transport's size. */
export interface Resolution {
  readonly rcode: Rcode
  readonly authoritative: boolean
  readonly answers: readonly DnsRecord[]
  readonly authority: readonly DnsRecord[]
  readonly additional: readonly DnsRecord[]
  /** The registry revision that the answer was derived from. */
  readonly revision: number
}

/**
 * Turns services into names: a pure function of a snapshot and a question. Equal snapshots and questions give
 * equal resolutions, records in a fixed order. Write your own to serve other names from the same registry.
 */
export interface NamingProfile {
  readonly name: string
  /** Undefined for a name that this profile does not serve. Owner names echo the question's spelling. */
  resolve(snapshot: RegistrySnapshot, question: RegistryQuestion): Resolution | undefined
}

/** The answer to names that no profile serves. */
export function refused(revision: number): Resolution {
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
    if (resolution.rcode === 'NOERROR') return resolution
    denial ??= resolution
  }
  return denial ?? refused(snapshot.revision)
}
