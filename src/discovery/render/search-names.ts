import { assertKnown, assertValid } from '../../core/internal.js'
import { nameLabels } from '../dns/dns-name.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { ResolvConf } from './resolv-conf.js'
import { NDOTS, RESOLV_CONF, searchProblems } from './resolv-conf.js'

/** What a short name means, and under which of its names. */
export interface ShortNameResolution {
  /** The absolute name that the resolution is of. */
  readonly name: string
  readonly resolution: Resolution
}

/**
 * The absolute names that a resolver of this `resolv.conf` asks for, in order, until one has records. One that ends in a
 * dot is only itself. One with `ndots` dots or more is tried as it is first, another one last, behind those with the
 * domains. Names that would be too long are left out. Source: resolv.conf(5), res_search of glibc.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { searchNames } from 'keelson/discovery/render'
 *
 * const search = ['prod.svc.cluster.local', 'svc.cluster.local']
 * const names = searchNames('web.test', { search })
 * assert.deepEqual(names, ['web.test.prod.svc.cluster.local.', 'web.test.svc.cluster.local.', 'web.test.'])
 * assert.deepEqual(searchNames('www.example.com', { search })[0], 'www.example.com.')
 * ```
 *
 * @throws InvalidError for what is no name, domain or number of dots
 * @throws UsageError for an unknown option
 */
export function searchNames(name: string, conf: Partial<ResolvConf> = {}): readonly string[] {
  assertKnown(conf, RESOLV_CONF)
  const { search = [], ndots = NDOTS } = conf
  const labels = nameLabels(name)
  const wrongName =
    labels === undefined || name === '' ? [{ field: 'name', value: name, message: 'must be a DNS name' }] : []
  assertValid('short name', [...wrongName, ...searchProblems(search, ndots)])
  if (name.endsWith('.')) return [name]
  const behind = search
    .map(domain => absolute(domain === '.' ? name : `${name}.${domain}`))
    .filter(each => nameLabels(each) !== undefined)
  const isFirst = (labels?.length ?? 0) > ndots
  return [...new Set(isFirst ? [absolute(name), ...behind] : [...behind, absolute(name)])]
}

/**
 * Resolves a name as a program behind such a resolver has it: the first of `searchNames` that has records. Where none has,
 * what was said of the name itself if it was tried first; else that a name is there without such records, else a failure,
 * else that no name is there. Source: res_search of glibc.
 *
 * @throws InvalidError as `searchNames`
 */
export function resolveShortName(
  question: RegistryQuestion,
  conf: Partial<ResolvConf>,
  resolve: (question: RegistryQuestion) => Resolution,
): ShortNameResolution {
  const [first, ...others] = searchNames(question.name, conf) as readonly [string, ...string[]]
  const ask = (name: string): ShortNameResolution => ({ name, resolution: resolve({ ...question, name }) })
  let best = ask(first)
  const isGiven = first === absolute(question.name)
  for (const name of others) {
    if (best.resolution.answers.length > 0) return best
    const next = ask(name)
    if (next.resolution.answers.length > 0 || (!isGiven && rank(next) > rank(best))) best = next
  }
  return best
}

function rank({ resolution: { rcode } }: ShortNameResolution): number {
  if (rcode === 'NOERROR') return 2
  return rcode === 'NXDOMAIN' ? 0 : 1
}

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`
}
