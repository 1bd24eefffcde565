import type { FieldProblem } from '../../../core/index.js'
import { assertKnown, knownOptions, wholeNumber } from '../../../core/internal.js'
import { nameLabels } from '../../dns/dns-name.js'
import { blockProblems } from '../client-blocks.js'
import { upstreamProblems } from './upstream-server.js'

/** Which questions others answer. */
export interface DnsForwardOptions {
  /**
   * Servers by zone; the longest zone that ends a name has it, and `.` has all names. Servers are tried in order. Write
   * `9.9.9.9`, `10.0.0.2:5353` or `[fd00::1]:53`.
   */
  readonly zones: Readonly<Record<string, readonly string[]>>
  /** How long one server may take before the next one is asked. Default 2000. */
  readonly timeoutMs?: number
  /** Questions of clients that wait at a time, in each zone; more are answered with SERVFAIL. Default 1024. */
  readonly pendingMax?: number
  /** Bytes of answers that are kept; over it those not asked for lately are dropped. Default 8 MiB. */
  readonly cacheBytes?: number
  /**
   * Who may have questions forwarded, as address blocks; questions of others are refused. Default: loopback, private
   * and link-local blocks, so that nobody runs an open resolver unawares.
   */
  readonly allow?: readonly string[]
}

/** Blocks of `DnsForwardOptions.allow` by default: RFC 1918, 6598, 4193, link-local and loopback. */
export const FORWARD_ALLOW: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]

export const FORWARD_TIMEOUT_MS = 2000
export const FORWARD_PENDING_MAX = 1024
export const FORWARD_CACHE_BYTES: number = 8 * 2 ** 20

const KNOWN = /* @__PURE__ */ knownOptions<DnsForwardOptions>('forward of serveDns', {
  zones: true,
  timeoutMs: true,
  pendingMax: true,
  cacheBytes: true,
  allow: true,
})

/**
 * What is wrong with the options.
 *
 * @throws UsageError for an unknown option
 */
export function forwardProblems(options: DnsForwardOptions): readonly FieldProblem[] {
  assertKnown(options, KNOWN)
  const {
    zones,
    timeoutMs = FORWARD_TIMEOUT_MS,
    pendingMax = FORWARD_PENDING_MAX,
    cacheBytes = FORWARD_CACHE_BYTES,
  } = options
  const entries = Object.entries(zones ?? {})
  const noZone = {
    field: 'forward.zones',
    value: zones,
    message: "must name a zone, such as { '.': ['9.9.9.9'] }",
  }
  return [
    ...(entries.length === 0 ? [noZone] : []),
    ...entries.flatMap(([zone, servers]) => [
      ...(nameLabels(zone) === undefined
        ? [{ field: 'forward.zones', value: zone, message: 'must be a name, or "." for all names' }]
        : []),
      ...upstreamProblems(`forward.zones[${JSON.stringify(zone)}]`, servers),
    ]),
    ...(options.allow === undefined ? [] : blockProblems('forward.allow', options.allow)),
    ...wholeNumber('forward.timeoutMs', timeoutMs, { min: 1 }),
    ...wholeNumber('forward.pendingMax', pendingMax, { min: 1 }),
    ...wholeNumber('forward.cacheBytes', cacheBytes, { min: 1 }),
  ]
}
