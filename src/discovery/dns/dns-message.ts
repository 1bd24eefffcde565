import type { DnsRecord } from './dns-record.js'

/** What is asked for. Types and classes are numbers, since any number may be asked. */
export interface DnsQuestion {
  /** Absolute, in the case that was asked. */
  readonly name: string
  readonly typeCode: number
  /** 1 is IN. */
  readonly classCode: number
}

/** The parts of an OPT pseudo-record that are used (RFC 6891). */
export interface Edns {
  /** Largest UDP response that the sender takes, in bytes. */
  readonly udpSize: number
  readonly version: number
  readonly dnssecOk: boolean
}

/** A DNS message. The OPT record is `edns` and not part of `additional`. */
export interface DnsMessage {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  /** With the upper eight bits from OPT. */
  readonly rcode: number
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly DnsRecord[]
  readonly authority: readonly DnsRecord[]
  readonly additional: readonly DnsRecord[]
  readonly edns?: Edns
}

/** A query of class IN as a stub resolver sends it: one question, with recursion asked for. */
export function dnsQuery(id: number, { name, typeCode }: Pick<DnsQuestion, 'name' | 'typeCode'>): DnsMessage {
  return {
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name, typeCode, classCode: 1 }],
    answers: [],
    authority: [],
    additional: [],
  }
}

/** The 12 bytes in front of every message. */
export interface DnsHeader {
  readonly id: number
  /** The 16 flag bits as they are on the wire. */
  readonly flags: number
  readonly questionCount: number
  readonly answerCount: number
  readonly authorityCount: number
  readonly additionalCount: number
}

/** What bytes turned out to be. */
export type DnsParse =
  | { readonly kind: 'message'; readonly message: DnsMessage }
  /** The header is readable, the rest breaks a rule: worth a FORMERR. */
  | { readonly kind: 'malformed'; readonly header: DnsHeader }
  /** Shorter than a header: no answer is possible. */
  | { readonly kind: 'noise' }

export const flagBits = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
} as const

/** The opcode of a flag word. */
export function opcodeOf(flags: number): number {
  return (flags >>> 11) & 15
}
