import { canonicalIp, ipFamily } from '../../core/internal.js'
import type { AddressRecord, DnsRecord, Rcode, SoaRecord } from '../dns/dns-record.js'
import { dnsTypeCode, questionTypeCodes, recordTypeCode } from '../dns/dns-record.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'

/** Records at one name, and addresses that belong to their targets. */
export interface NameRecords {
  readonly records: readonly DnsRecord[]
  readonly additional: readonly DnsRecord[]
}

/** A name that exists without records of its own. */
export const noRecords: NameRecords = { records: [], additional: [] }

/** A and AAAA records, one per distinct address. */
export function addressRecords(
  name: string,
  ttl: number,
  addresses: readonly string[],
): readonly AddressRecord[] {
  const distinct = [...new Set(addresses.map(address => canonicalIp(address) ?? address))]
  return distinct.map(address => ({ type: ipFamily(address) === 4 ? 'A' : 'AAAA', name, ttl, address }))
}

/** Whether an address is among others, however they are written. */
export function holdsAddress(addresses: readonly string[], address: string): boolean {
  const wanted = canonicalIp(address)
  return addresses.some(candidate => candidate === address || canonicalIp(candidate) === wanted)
}

/** Those of a type; ANY gets one record set, the smallest answer that tells the name exists (RFC 8482). */
export function recordsOfType(
  records: readonly DnsRecord[],
  type: RegistryQuestion['type'],
): readonly DnsRecord[] {
  const code = dnsTypeCode(type)
  const wanted = code === questionTypeCodes.ANY ? records[0]?.type : undefined
  return records.filter(record =>
    wanted === undefined ? recordTypeCode(record) === code : record.type === wanted,
  )
}

/** An answer with records. */
export function answered(
  snapshot: RegistrySnapshot,
  answers: readonly DnsRecord[],
  additional: readonly DnsRecord[],
): Resolution {
  const { revision } = snapshot
  return { rcode: 'NOERROR', authoritative: true, answers, authority: [], additional, revision }
}

/** An answer without: SERVFAIL while the registry does not know everything yet. */
export function denied(
  snapshot: RegistrySnapshot,
  rcode: Rcode,
  authority: readonly SoaRecord[],
): Resolution {
  const { revision } = snapshot
  return {
    rcode: snapshot.synced ? rcode : 'SERVFAIL',
    authoritative: true,
    answers: [],
    authority,
    additional: [],
    revision,
  }
}

/** The name with its root dot. */
export function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`
}
