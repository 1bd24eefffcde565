import type { Endpoint } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import { canonicalName, lowerCase, nameLabels } from '../dns/dns-name.js'
import type { DnsRecord } from '../dns/dns-record.js'
import { parseReverseName } from '../dns/reverse-name.js'
import type { NamingProfile } from '../registry/naming-profile.js'
import type { RegistrySnapshot, ServiceView } from '../registry/registry-snapshot.js'
import { servicesAt } from '../registry/registry-snapshot.js'
import { absolute, addressRecords, answered, denied, holdsAddress, recordsOfType } from './zone-answers.js'

/** How the names of one network of Swarm are served. */
export interface SwarmNamesOptions {
  /** Services that are on other networks only are not known. Default: those of all networks are. */
  readonly network?: string
  /** Where the services are. Default `default`. */
  readonly namespace?: string
  /** Default 5; Swarm itself says 600, long after a task is gone. */
  readonly ttlSeconds?: number
}

const SWARM_NAMES_OPTIONS = /* @__PURE__ */ knownOptions<SwarmNamesOptions>('swarmNames', {
  network: true,
  namespace: true,
  ttlSeconds: true,
})

/**
 * The names of SwarmKit on a network: a service or alias is its virtual address, or its tasks' addresses in mode
 * `headless` (`dnsrr`); `tasks.<service>` is always its tasks; a task's name is its own address, and back. Names have no
 * zone, so what is not known here is left to the next profile, or to a forwarder. Known names without records of a type
 * are NODATA, never asked for elsewhere. Answers are not authoritative, as there. Source: moby/libnetwork.
 *
 * @throws InvalidError for a TTL out of bounds
 */
export function swarmNames(options: SwarmNamesOptions = {}): NamingProfile {
  assertKnown(options, SWARM_NAMES_OPTIONS)
  const { network, namespace = 'default', ttlSeconds = 5 } = options
  assertValid('Swarm naming profile', wholeNumber('ttlSeconds', ttlSeconds, { max: 86_400 }))
  const known = (view: ServiceView | undefined): view is ServiceView =>
    view?.service !== undefined &&
    (network === undefined || view.service.networks === undefined || view.service.networks.includes(network))
  const find = (snapshot: RegistrySnapshot, name: string): ServiceView | undefined => {
    const keys = [`${namespace}/${name}`, ...(snapshot.aliases.get(`${namespace}/${name}`) ?? [])]
    return keys.map(key => snapshot.services.get(key)).find(known)
  }
  const addressesAt = (
    snapshot: RegistrySnapshot,
    labels: readonly string[],
  ): readonly string[] | undefined => {
    const [first = '', second] = labels
    if (labels.length === 1) {
      const view = find(snapshot, first)
      return view === undefined ? undefined : serviceAddresses(view)
    }
    if (first === 'tasks' && labels.length === 2) {
      const view = find(snapshot, second ?? '')
      if (view !== undefined) return readyOf(view).flatMap(({ addresses }) => addresses)
    }
    const id = labels.join('.')
    return find(snapshot, first)?.endpoints.find(endpoint => lowerCase(endpoint.id) === id)?.addresses
  }
  return {
    name: `swarm ${network ?? 'all networks'}`,
    resolve: (snapshot, question) => {
      const labels = nameLabels(canonicalName(question.name))
      if (labels === undefined || labels.length === 0) return undefined
      const owner = absolute(question.name)
      const reverse = parseReverseName(question.name)
      const records: readonly DnsRecord[] | undefined =
        reverse?.kind === 'address'
          ? taskPointers(snapshot, { address: reverse.address, owner, namespace, known, network, ttlSeconds })
          : orNone(addressesAt(snapshot, labels), addresses => addressRecords(owner, ttlSeconds, addresses))
      if (records === undefined) return undefined
      const wanted = recordsOfType(records, question.type)
      const resolution = wanted.length > 0 ? answered(snapshot, wanted, []) : denied(snapshot, 'NOERROR', [])
      return { ...resolution, authoritative: false }
    },
  }
}

function orNone<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value)
}

function serviceAddresses(view: ServiceView): readonly string[] {
  if (view.service?.mode === 'vip') return view.service.vips
  return readyOf(view).flatMap(({ addresses }) => addresses)
}

function readyOf(view: ServiceView): readonly Endpoint[] {
  return view.endpoints.filter(({ conditions }) => conditions.ready)
}

interface Pointer {
  readonly address: string
  readonly owner: string
  readonly namespace: string
  readonly known: (view: ServiceView | undefined) => view is ServiceView
  readonly network: string | undefined
  readonly ttlSeconds: number
}

/** `task.network` of the tasks at the address. */
function taskPointers(snapshot: RegistrySnapshot, pointer: Pointer): readonly DnsRecord[] | undefined {
  const { address, owner, namespace, known, network, ttlSeconds: ttl } = pointer
  const keys = servicesAt(snapshot, address).filter(key => key.startsWith(`${namespace}/`))
  const ids = keys.flatMap(key => {
    const view = snapshot.services.get(key)
    if (!known(view)) return []
    return view.endpoints.filter(({ addresses }) => holdsAddress(addresses, address)).map(({ id }) => id)
  })
  if (ids.length === 0) return undefined
  return [...new Set(ids)].map(id => ({
    type: 'PTR',
    name: owner,
    ttl,
    target: network === undefined ? `${id}.` : `${id}.${network}.`,
  }))
}
