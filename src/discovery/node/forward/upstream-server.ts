import type { FieldProblem } from '../../../core/index.js'
import { parseIp } from '../../../core/internal.js'

/** Where another DNS server listens. */
export interface UpstreamServer {
  readonly address: string
  readonly port: number
}

const DNS_PORT = 53

/** Reads `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe` or `[2620:fe::fe]:5353`; undefined for anything else. */
export function parseUpstreamServer(text: string): UpstreamServer | undefined {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = bracketed ?? plain ?? text
  const port = portText === undefined ? DNS_PORT : Number(portText)
  if (parseIp(address) === undefined || port < 1 || port > 65_535) return undefined
  return { address, port }
}

/** What is wrong with the servers of a zone. */
export function upstreamProblems(field: string, servers: readonly string[]): readonly FieldProblem[] {
  if (!Array.isArray(servers) || servers.length === 0)
    return [{ field, value: servers, message: 'must name at least one server' }]
  return servers.flatMap((value, i) =>
    typeof value === 'string' && parseUpstreamServer(value) !== undefined
      ? []
      : [
          {
            field: `${field}[${i}]`,
            value,
            message:
              'must be an IP address with or without a port, such as 9.9.9.9, 10.0.0.2:5353 or [fd00::1]:53',
          },
        ],
  )
}
