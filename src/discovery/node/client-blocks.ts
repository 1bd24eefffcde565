import type { FieldProblem } from '../../core/index.js'
import type { Cidr } from '../../core/internal.js'
import { cidrContains, parseCidr, parseIp } from '../../core/internal.js'

/** What is wrong with a list of address blocks. */
export function blockProblems(field: string, blocks: readonly string[]): readonly FieldProblem[] {
  if (!Array.isArray(blocks)) return [{ field, value: blocks, message: 'must be a list of address blocks' }]
  return blocks.flatMap((value, i) =>
    readBlock(value) === undefined
      ? [
          {
            field: `${field}[${i}]`,
            value,
            message: 'must be an address block, such as 10.0.0.0/8 or fd00::/8',
          },
        ]
      : [],
  )
}

/** Whether a client's address is in one of the blocks. IPv4 clients of an IPv6 socket count as IPv4. */
export function createClientFilter(blocks: readonly string[]): (client: string) => boolean {
  const known = blocks.map(readBlock).filter((block): block is Cidr => block !== undefined)
  return client => {
    const address = parseIp(
      client.startsWith('::ffff:') && client.includes('.') ? client.slice(7) : client.replace(/%.*$/, ''),
    )
    return address !== undefined && known.some(block => cidrContains(block, address))
  }
}

function readBlock(text: string): Cidr | undefined {
  try {
    return parseCidr(text)
  } catch {
    return undefined
  }
}
