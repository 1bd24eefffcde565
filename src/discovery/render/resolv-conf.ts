import type { FieldProblem } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, ipFamily, knownOptions, wholeNumber } from '../../core/internal.js'
import { nameLabels } from '../dns/dns-name.js'

/** How a resolver asks. */
export interface ResolvConf {
  /** Addresses, asked in this order; one to three, since resolvers read no more. */
  readonly nameServers: readonly string[]
  /** Domains that are tried behind a short name. At most 32, of 2048 characters in all. Default none. */
  readonly search?: readonly string[]
  /**
   * A name with fewer dots is tried with the domains first. 0 to 15, default 2: `web.prod` and `web` are short names,
   * and `www.example.com` is asked for once instead of once for each domain, as with the 5 of Kubernetes.
   */
  readonly ndots?: number
  /** 1 to 30. Default: the resolver's, 5. */
  readonly timeoutSeconds?: number
  /** 1 to 5. Default: the resolver's, 2. */
  readonly attempts?: number
  /** Asks over TCP alone. Default false. */
  readonly useTcp?: boolean
  /** Asks for A and AAAA from two ports, where a network loses one of two datagrams. Default false. */
  readonly singleRequestReopen?: boolean
}

const SERVERS_MAX = 3
const DOMAINS_MAX = 32
const DOMAINS_LENGTH_MAX = 2048

/** What `ndots` is where it is not said. */
export const NDOTS = 2
export const RESOLV_CONF: KnownOptions = /* @__PURE__ */ knownOptions<ResolvConf>('formatResolvConf', {
  nameServers: true,
  search: true,
  ndots: true,
  timeoutSeconds: true,
  attempts: true,
  useTcp: true,
  singleRequestReopen: true,
})

/**
 * The text of a `resolv.conf`. Source: resolv.conf(5).
 *
 * @throws InvalidError for what a resolver would not read
 */
export function formatResolvConf(conf: ResolvConf): string {
  assertKnown(conf, RESOLV_CONF)
  const { nameServers, search = [], ndots = NDOTS, timeoutSeconds, attempts } = conf
  assertValid('resolv.conf', [
    ...serverProblems(nameServers),
    ...searchProblems(search, ndots),
    ...wholeNumber('timeoutSeconds', timeoutSeconds ?? 1, { min: 1, max: 30 }),
    ...wholeNumber('attempts', attempts ?? 1, { min: 1, max: 5 }),
  ])
  const words = [
    `ndots:${ndots}`,
    ...(timeoutSeconds === undefined ? [] : [`timeout:${timeoutSeconds}`]),
    ...(attempts === undefined ? [] : [`attempts:${attempts}`]),
    ...(conf.useTcp === true ? ['use-vc'] : []),
    ...(conf.singleRequestReopen === true ? ['single-request-reopen'] : []),
  ]
  const lines = [
    ...nameServers.map(address => `nameserver ${address}`),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    `options ${words.join(' ')}`,
  ]
  return `${lines.join('\n')}\n`
}

function serverProblems(servers: readonly string[]): readonly FieldProblem[] {
  const count = { field: 'nameServers', value: servers, message: `must hold 1 to ${SERVERS_MAX} addresses` }
  const wrong = servers.flatMap((value, i) =>
    ipFamily(value) === 0
      ? [{ field: `nameServers[${i}]`, value, message: 'must be an IPv4 or IPv6 address' }]
      : [],
  )
  return servers.length === 0 || servers.length > SERVERS_MAX ? [count, ...wrong] : wrong
}

/** What is wrong with how short names are completed. */
export function searchProblems(domains: readonly string[], ndots: number): readonly FieldProblem[] {
  const bound = `must hold at most ${DOMAINS_MAX} domains of ${DOMAINS_LENGTH_MAX} characters in all`
  const isTooMuch = domains.length > DOMAINS_MAX || domains.join(' ').length > DOMAINS_LENGTH_MAX
  const wrong = domains.flatMap((value, i) =>
    nameLabels(value) === undefined || /\s/.test(value) || value === ''
      ? [{ field: `search[${i}]`, value, message: 'must be a DNS name' }]
      : [],
  )
  return [
    ...(isTooMuch ? [{ field: 'search', value: domains, message: bound }] : []),
    ...wrong,
    ...wholeNumber('ndots', ndots, { max: 15 }),
  ]
}
