import { InvalidError } from '../../core/index.js'
import type { IpAddress } from '../../core/internal.js'
import { formatIp, parseIp } from '../../core/internal.js'
import { sha1 } from '../structures/digests.js'

/** Where a named address is looked for. */
export interface NamedAddressRange {
  readonly first: string
  readonly last: string
}

/**
 * The address that follows from a name: first + SHA-1 of the name modulo (last − first), and the next one while that is
 * taken. The same on every host, as long as they know of the same taken ones: keep the result, do not compute it again.
 * Source: dcos/dcos-net for IPv6; there IPv4 has a hash of Erlang's own.
 *
 * @param taken canonical addresses of other names
 * @returns undefined when all are taken
 * @throws InvalidError for a range that is none
 */
export function namedAddress(
  name: string,
  { first, last }: NamedAddressRange,
  taken: ReadonlySet<string> = new Set(),
): string | undefined {
  const [low, high] = [parseIp(first), parseIp(last)]
  if (low === undefined || high === undefined || low.family !== high.family || low.value >= high.value) {
    const message = 'must be two addresses of one family, the first below the last'
    throw new InvalidError('named address', [{ field: 'range', value: [first, last], message }])
  }
  const size = high.value - low.value
  let hash = 0n
  for (const byte of sha1(name)) hash = (hash << 8n) | BigInt(byte)
  for (let offset = hash % size, tried = 0n; tried <= BigInt(taken.size) && tried < size; tried++) {
    const address = formatIp({ family: low.family, value: low.value + offset } satisfies IpAddress)
    if (!taken.has(address)) return address
    offset = (offset + 1n) % size
  }
  return undefined
}
