import { lowerCase } from '../dns/dns-name.js'
import { sha1 } from '../structures/digests.js'

/** Which labels a name may have: RFC 1123, or RFC 952 with 24 characters and no digit in front. */
export type MesosLabels = 'rfc1123' | 'rfc952'

const LENGTH_MAX: Readonly<Record<MesosLabels, number>> = { rfc1123: 63, rfc952: 24 }
/** zbase32, in which similar letters are rare. */
const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769'
const HASH_LENGTH = 5

/**
 * A task's or framework's name as one label: letters become lower case, `-`, `.` and `_` become `-`, everything else goes,
 * dashes at the ends (and digits in front, under RFC 952) too. What is too long is cut; dashes before the cut are
 * dropped and the place is filled from behind it. Source: mesosphere/mesos-dns, records/labels.
 */
export function mesosLabel(text: string, labels: MesosLabels = 'rfc1123'): string {
  const kept = lowerCase(text)
    .replaceAll(/[._]/g, '-')
    .replaceAll(/[^a-z0-9-]/g, '')
  const trimmed = kept.replace(labels === 'rfc952' ? /^[0-9-]+/ : /^-+/, '').replace(/-+$/, '')
  const max = LENGTH_MAX[labels]
  let head = trimmed.slice(0, max)
  for (let rest = trimmed.slice(max); head.endsWith('-') || (head.length < max && rest !== ''); ) {
    head = head.replace(/-+$/, '')
    rest = rest.replace(/^-+/, '')
    const room = max - head.length
    head += rest.slice(0, room)
    rest = rest.slice(room)
  }
  return head
}

/** Labels between dots, each on its own; empty ones go. */
export function mesosDomain(text: string, labels: MesosLabels = 'rfc1123'): string {
  return text
    .split('.')
    .map(part => mesosLabel(part, labels))
    .filter(part => part !== '')
    .join('.')
}

/** The five characters that tell tasks of one name apart: of the zbase32 form of the SHA-1 of the task's id. */
export function mesosHash(taskId: string): string {
  const bytes = sha1(taskId)
  let text = ''
  for (let i = 0; i < HASH_LENGTH; i++) {
    const bit = 5 * i
    const pair = ((bytes[bit >> 3] as number) << 8) | (bytes[(bit >> 3) + 1] as number)
    text += ALPHABET[(pair >>> (11 - (bit & 7))) & 31]
  }
  return text
}

/** What an agent adds to the names of its tasks: its id behind the last dash. */
export function mesosAgentTail(agentId: string): string {
  return agentId.slice(agentId.lastIndexOf('-') + 1).toLowerCase()
}
