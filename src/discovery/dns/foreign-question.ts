import { readName } from './dns-name.js'
import { parseDnsMessage } from './dns-parse.js'
import type { DnsRecord } from './dns-record.js'
import { dnsTypeCode, questionTypeCodes, rcodes, recordTypeCode } from './dns-record.js'
import type { PlainRequest } from './plain-request.js'

/** What somebody else has to be asked, so that a client that cannot ask for itself gets its whole answer. */
export interface ForeignQuestion {
  readonly name: string
  readonly typeCode: number
  /** The aliases that lead from what was asked to this name; none when the name itself is foreign. */
  readonly aliases: readonly DnsRecord[]
}

const HEADER_BYTES = 12
const CNAME_CODE = dnsTypeCode('CNAME')

/**
 * The part of a request that our response leaves to others: the name itself when it was refused as not served, or the
 * last target of our aliases when the records asked for are not with them. Undefined when the response is whole, or
 * when the client does not want recursion.
 *
 * @param plain what `readPlainRequest` read of the request
 */
export function foreignQuestion(
  request: Uint8Array,
  plain: PlainRequest,
  response: Uint8Array,
): ForeignQuestion | undefined {
  if (!plain.recursionDesired) return undefined
  const rcode = (response[3] as number) & 15
  const typeCode = ((request[plain.end - 4] as number) << 8) | (request[plain.end - 3] as number)
  const classCode = ((request[plain.end - 2] as number) << 8) | (request[plain.end - 1] as number)
  if (classCode !== 1 || !isForwarded(typeCode)) return undefined
  if (rcode === rcodes.REFUSED) {
    const read = readName(request, HEADER_BYTES)
    return read && { name: read.name, typeCode, aliases: [] }
  }
  if (rcode !== rcodes.NOERROR || typeCode === CNAME_CODE || !beginsWithAlias(response, plain.end))
    return undefined
  return lastTarget(response, typeCode)
}

function isForwarded(typeCode: number): boolean {
  const { AXFR, IXFR, ANY, OPT } = questionTypeCodes
  return typeCode !== AXFR && typeCode !== IXFR && typeCode !== ANY && typeCode !== OPT
}

/** Whether the first answer is an alias: its owner is a pointer of two bytes to the question, as we write it. */
function beginsWithAlias(response: Uint8Array, questionEnd: number): boolean {
  const answers = ((response[6] as number) << 8) | (response[7] as number)
  return answers > 0 && response[questionEnd + 2] === 0 && response[questionEnd + 3] === CNAME_CODE
}

function lastTarget(response: Uint8Array, typeCode: number): ForeignQuestion | undefined {
  const parsed = parseDnsMessage(response)
  if (parsed.kind !== 'message' || parsed.message.truncated) return undefined
  const { answers, authority } = parsed.message
  const last = answers.at(-1)
  // A denial of our own names the zone: the alias leads to a name that we serve and that is not there.
  if (last?.type !== 'CNAME' || authority.some(({ type }) => type === 'SOA')) return undefined
  if (answers.some(record => recordTypeCode(record) === typeCode)) return undefined
  return { name: last.target, typeCode, aliases: answers }
}
