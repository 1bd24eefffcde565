import type { DnsRecord, DnsTypeName, Rcode } from './dns-record.js'

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
