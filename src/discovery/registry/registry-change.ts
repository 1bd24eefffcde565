import type { Endpoint, FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { ipFamily, wholeNumber } from '../../core/internal.js'
import { nameLabels } from '../dns/dns-name.js'
import type { RegisteredHost, RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { changedSpan } from '../structures/changed-span.js'

/**
 * Whose change it is: where a rule makes names from others, as `mesosLabel` makes one of `/abc` and `abc`, or where
 * several systems register theirs, such as the hosts of Mesos and of Consul.
 */
export interface Sourced {
  /**
   * The name that the service's was made from, or the system that a host is of. The first to set something under a name
   * has it until nothing is left there: what another source sets is refused, and what it deletes is not there. Default:
   * the name's owner, whoever.
   */
  readonly source?: string
}

/** One change of the registry, as plain data. `service` is a key, `namespace/name`. */
export type RegistryChange =
  | ({ readonly op: 'set-service'; readonly service: RegisteredService } & Sourced)
  | ({ readonly op: 'delete-service'; readonly service: string } & Sourced)
  /** Replaces all endpoints that came under this slice name; slices of one service are merged. */
  | ({
      readonly op: 'set-endpoints'
      readonly service: string
      readonly slice: string
      readonly endpoints: readonly Endpoint[]
    } & Sourced)
  | ({ readonly op: 'delete-endpoints'; readonly service: string; readonly slice: string } & Sourced)
  /** Makes a namespace known although no service is in it. */
  | { readonly op: 'set-namespace'; readonly namespace: string }
  | { readonly op: 'delete-namespace'; readonly namespace: string }
  | ({ readonly op: 'set-host'; readonly host: RegisteredHost } & Sourced)
  | ({ readonly op: 'delete-host'; readonly host: string } & Sourced)
  /** Says that everything that existed at the start has been applied: unknown names are now really unknown. */
  | { readonly op: 'synced' }

const limits = { ports: 1024, endpoints: 1000, vips: 16, addresses: 16, names: 64 } as const
const PORT_RANGE = { min: 1, max: 65_535 } as const

/**
 * @param held endpoints of the same slice that were accepted before: the same objects are not looked at again
 * @throws InvalidError naming every field at fault
 */
export function assertChange(change: RegistryChange, held: readonly Endpoint[] = []): void {
  const problems: FieldProblem[] = []
  const check: Check = (ok, ...found) => {
    if (!ok) problems.push(...found)
  }
  switch (change.op) {
    case 'set-service':
      checkService(change.service, check)
      break
    case 'set-endpoints':
      check(change.endpoints.length <= limits.endpoints, {
        field: 'endpoints',
        value: change.endpoints,
        message: `must hold at most ${limits.endpoints} endpoints; use more slices`,
      })
      checkEndpoints(change.endpoints, held, check)
      break
    case 'set-host':
      checkHost(change.host, check)
      break
    case 'delete-host':
    case 'delete-service':
    case 'delete-endpoints':
    case 'set-namespace':
    case 'delete-namespace':
    case 'synced':
      break
  }
  if (problems.length > 0) throw new InvalidError(`registry change ${subject(change)}`, problems)
}

function subject(change: RegistryChange): string {
  if (change.op === 'set-service') return `set-service ${change.service.namespace}/${change.service.name}`
  if (change.op === 'set-host') return `set-host ${change.host.name}`
  return 'slice' in change ? `${change.op} ${change.service} ${change.slice}` : change.op
}

/** Notes the problems unless all is well. */
type Check = (ok: boolean, ...problems: FieldProblem[]) => void

function checkService(service: RegisteredService, check: Check): void {
  const label = 'must be one DNS label in lower case: 1 to 63 characters without dots'
  check(service.namespace.split('.').every(isLabel), {
    field: 'namespace',
    value: service.namespace,
    message: 'must be DNS labels in lower case, with dots between them',
  })
  check(isLabel(service.name), { field: 'name', value: service.name, message: label })
  checkAddresses(service.vips, { field: 'vips', max: limits.vips }, check)
  check(service.mode === 'vip' || service.vips.length === 0, {
    field: 'vips',
    value: service.vips,
    message: `must be empty in mode ${service.mode}`,
  })
  const external = service.externalName
  check((service.mode === 'external') === (external !== undefined), {
    field: 'externalName',
    value: external,
    message: 'must be given exactly in mode external',
  })
  check(external === undefined || (nameLabels(external)?.length ?? 0) > 0, {
    field: 'externalName',
    value: external,
    message: 'must be a DNS name',
  })
  checkNames('aliases', service.aliases, check)
  checkNames('networks', service.networks, check)
  const { ttlSeconds = 0 } = service
  check(false, ...wholeNumber('ttlSeconds', ttlSeconds, { max: 86_400 }))
  check(service.ports.length <= limits.ports, {
    field: 'ports',
    value: service.ports,
    message: `must hold at most ${limits.ports} ports`,
  })
  for (const [i, port] of service.ports.entries()) checkPort(port, `ports[${i}]`, check)
  for (const [i, { weight }] of (service.backends ?? []).entries()) {
    check(Number.isFinite(weight) && weight >= 0, {
      field: `backends[${i}].weight`,
      value: weight,
      message: 'must be a finite number ≥ 0',
    })
  }
}

function checkNames(field: string, names: readonly string[] = [], check: Check): void {
  check(names.length <= limits.names, {
    field,
    value: names,
    message: `must hold at most ${limits.names} names`,
  })
  for (const [i, name] of names.entries())
    check(isLabel(name), {
      field: `${field}[${i}]`,
      value: name,
      message: 'must be one DNS label in lower case',
    })
}

function checkHost(host: RegisteredHost, check: Check): void {
  check(host.name !== '', { field: 'name', value: host.name, message: 'must not be empty' })
  checkAddresses(host.addresses, { field: 'addresses', max: limits.addresses }, check)
  if (host.port !== undefined) check(false, ...wholeNumber('port', host.port, PORT_RANGE))
}

function checkPort(port: RegisteredPort, field: string, check: Check): void {
  check(false, ...wholeNumber(`${field}.port`, port.port, PORT_RANGE))
  if (port.nodePort !== undefined)
    check(false, ...wholeNumber(`${field}.nodePort`, port.nodePort, PORT_RANGE))
  check(port.name === '' || isLabel(port.name), {
    field: `${field}.name`,
    value: port.name,
    message: 'must be empty or one DNS label',
  })
}

function checkEndpoints(endpoints: readonly Endpoint[], held: readonly Endpoint[], check: Check): void {
  const { from, beforeEnd, afterEnd } = changedSpan(held, endpoints)
  const known = new Set(held.slice(from, beforeEnd))
  for (let i = from; i < afterEnd; i++) {
    const endpoint = endpoints[i] as Endpoint
    if (!known.has(endpoint)) checkEndpoint(endpoint, `endpoints[${i}]`, check)
  }
}

function checkEndpoint(endpoint: Endpoint, field: string, check: Check): void {
  check(endpoint.id !== '', { field: `${field}.id`, value: endpoint.id, message: 'must not be empty' })
  check(endpoint.hostname === undefined || isLabel(endpoint.hostname), {
    field: `${field}.hostname`,
    value: endpoint.hostname,
    message: 'must be one DNS label',
  })
  for (const name of ['weight', 'drainDeadlineMs'] as const) {
    const { [name]: value = 0 } = endpoint
    check(Number.isFinite(value) && value >= 0, {
      field: `${field}.${name}`,
      value,
      message: 'must be a finite number ≥ 0',
    })
  }
  checkAddresses(endpoint.addresses, { field: `${field}.addresses`, max: limits.addresses }, check)
  for (const [name, port] of Object.entries(endpoint.ports)) {
    check(false, ...wholeNumber(`${field}.ports.${name}`, port, PORT_RANGE))
  }
}

function checkAddresses(
  addresses: readonly string[],
  rule: { field: string; max: number },
  check: Check,
): void {
  const { field, max } = rule
  check(addresses.length <= max, { field, value: addresses, message: `must hold at most ${max} addresses` })
  for (const [i, address] of addresses.entries()) {
    check(ipFamily(address) !== 0, {
      field: `${field}[${i}]`,
      value: address,
      message: 'must be an IPv4 or IPv6 address',
    })
  }
}

function isLabel(text: string): boolean {
  return /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(text)
}
