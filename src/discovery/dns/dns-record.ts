/** Type numbers of the records that have a form of their own here. */
const dnsTypeCodes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
} as const

/** A record type by name; every other type is a number. */
export type DnsTypeName = keyof typeof dnsTypeCodes

/** Question-only types. */
export const questionTypeCodes = { OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const

/** Fields of every record. Names are absolute (`web.prod.svc.cluster.local.`), TTLs are seconds. */
interface RecordBase {
  readonly name: string
  readonly ttl: number
}

export interface AddressRecord extends RecordBase {
  readonly type: 'A' | 'AAAA'
  readonly address: string
}

export interface NameRecord extends RecordBase {
  readonly type: 'CNAME' | 'NS' | 'PTR'
  readonly target: string
}

export interface SrvRecord extends RecordBase {
  readonly type: 'SRV'
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

export interface TxtRecord extends RecordBase {
  readonly type: 'TXT'
  /** Each at most 255 bytes, one byte per character. */
  readonly strings: readonly string[]
}

export interface SoaRecord extends RecordBase {
  readonly type: 'SOA'
  readonly primary: string
  readonly mailbox: string
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  readonly minimum: number
}

/** A record of a type without a form here, or of another class: opaque bytes (RFC 3597). */
export interface OpaqueRecord extends RecordBase {
  readonly type: 'OPAQUE'
  readonly typeCode: number
  readonly classCode: number
  readonly bytes: Uint8Array
}

/** One resource record of class IN, or an opaque one. */
export type DnsRecord = AddressRecord | NameRecord | SrvRecord | TxtRecord | SoaRecord | OpaqueRecord

/** Response codes that are produced here. */
export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const

export type Rcode = keyof typeof rcodes

const typeNames: ReadonlyMap<number, DnsTypeName> = /* @__PURE__ */ new Map(
  (Object.keys(dnsTypeCodes) as DnsTypeName[]).map(name => [dnsTypeCodes[name], name]),
)

/** The name of a type number, when it has one here. */
export function dnsTypeName(code: number): DnsTypeName | undefined {
  return typeNames.get(code)
}

/** The number of a type given by name or number. */
export function dnsTypeCode(type: DnsTypeName | 'ANY' | number): number {
  if (typeof type === 'number') return type
  return type === 'ANY' ? questionTypeCodes.ANY : dnsTypeCodes[type]
}

/** The type number of a record. */
export function recordTypeCode(record: DnsRecord): number {
  return record.type === 'OPAQUE' ? record.typeCode : dnsTypeCodes[record.type]
}

/** One line in zone file form, fields separated by one space. */
export function formatRecord(record: DnsRecord): string {
  if (record.type === 'OPAQUE') {
    const hex = Array.from(record.bytes, byte => byte.toString(16).padStart(2, '0')).join('')
    return `${record.name} ${record.ttl} CLASS${record.classCode} TYPE${record.typeCode} \\# ${record.bytes.length} ${hex}`
  }
  return `${record.name} ${record.ttl} IN ${record.type} ${recordData(record)}`
}

function recordData(record: Exclude<DnsRecord, OpaqueRecord>): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return record.target
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${record.target}`
    case 'TXT':
      return record.strings.map(text => JSON.stringify(text)).join(' ')
    case 'SOA': {
      const { primary, mailbox, serial, refresh, retry, expire, minimum } = record
      return `${primary} ${mailbox} ${serial} ${refresh} ${retry} ${expire} ${minimum}`
    }
  }
}
