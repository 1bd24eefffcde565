import type {
  BalancePolicy,
  Endpoint,
  EndpointConditions,
  FieldProblem,
  TrafficShare,
} from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { ipFamily, isRecord } from '../../core/internal.js'
import { nameLabels } from '../dns/dns-name.js'
import type { RegisteredHost, RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { changedItems } from '../structures/changed-items.js'
import type { ValueRule } from '../structures/value-rules.js'
import {
  amountRule,
  choiceRule,
  flagRule,
  itemProblems,
  listRule,
  membersRule,
  optional,
  recordRule,
  textRule,
  togetherRule,
  wholeRule,
  wrong,
} from '../structures/value-rules.js'

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

/** The endpoints of a slice that were accepted before: the same objects are not looked at once more. */
export type HeldEndpoints = (service: string, slice: string) => readonly Endpoint[] | undefined

/** Why a change, whatever it is, cannot be applied, with every field at fault; undefined when it can. */
export function refusalOf(change: unknown, held?: HeldEndpoints): InvalidError | undefined {
  const problems = changeProblems(change, held)
  if (problems.length === 0) return undefined
  const fields = problems.map(problem => ({ ...problem, field: problem.field.replace(/^\./, '') }))
  return new InvalidError(`registry change ${subject(change)}`.trimEnd(), fields)
}

function changeProblems(change: unknown, held?: HeldEndpoints): readonly FieldProblem[] {
  if (!isRecord(change))
    return wrong(change, `must be an object with op, one of ${Object.keys(RULES.ops).join(', ')}`)
  const { op, service, slice, endpoints } = change
  const found = RULES.op(op)
  if (found.length > 0) return found.map(problem => ({ ...problem, field: 'op' }))
  const problems = RULES.ops[op as RegistryChange['op']](change)
  if (op !== 'set-endpoints' || problems.length > 0) return problems
  return endpointProblems(endpoints as readonly unknown[], held?.(service as string, slice as string) ?? [])
}

/** Looks at what is different only: one of a hundred endpoints is most of the changes there are. */
function endpointProblems(endpoints: readonly unknown[], held: readonly unknown[]): readonly FieldProblem[] {
  const { come } = changedItems(held, endpoints)
  if (come.every(endpoint => RULES.endpoint(endpoint).length === 0)) return []
  const fresh = new Set(come)
  const rule: ValueRule = endpoint => (fresh.has(endpoint) ? RULES.endpoint(endpoint) : [])
  return itemProblems(endpoints, rule).map(problem => ({ ...problem, field: `endpoints${problem.field}` }))
}

function subject(change: unknown): string {
  if (!isRecord(change)) return ''
  const { op, service, host, slice } = change
  const name = isRecord(service)
    ? `${textOf(service['namespace'])}/${textOf(service['name'])}`
    : isRecord(host)
      ? host['name']
      : (service ?? host ?? change['namespace'])
  return [op, name, slice].map(textOf).join(' ').trimEnd()
}

/** As much of it as names something. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : ''
}

/** What each op takes; apart from endpoints, which are looked at one by one. */
interface ChangeRules {
  readonly op: ValueRule
  readonly ops: Readonly<Record<RegistryChange['op'], ValueRule>>
  readonly endpoint: ValueRule
}

type Change<Op extends RegistryChange['op']> = Extract<RegistryChange, { readonly op: Op }>

const limits = {
  ports: 1024,
  endpoints: 1000,
  vips: 16,
  addresses: 16,
  names: 64,
  roles: 64,
  shares: 1024,
} as const
/** One DNS label in lower case, with the underscore that SRV names have. */
const LABEL_PATTERN = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const RULES: ChangeRules = /* @__PURE__ */ changeRules()

function changeRules(): ChangeRules {
  const op = choiceRule<RegistryChange['op']>({
    'set-service': true,
    'delete-service': true,
    'set-endpoints': true,
    'delete-endpoints': true,
    'set-namespace': true,
    'delete-namespace': true,
    'set-host': true,
    'delete-host': true,
    synced: true,
  })
  const source = optional(textRule('must be a text: the name or the system that it is of'))
  const service = keyRule()
  const slice = textRule('must be the name of a slice, not empty', isSome)
  const namespace = namespaceRule()
  const endpoints = listRule(() => [], {
    what: 'endpoints',
    max: limits.endpoints,
    remedy: '; use more slices',
  })
  const host = textRule('must be the name of a host, not empty', isSome)
  return {
    op,
    ops: {
      'set-service': membersRule<Change<'set-service'>>('set-service', {
        op,
        service: serviceRule(),
        source,
      }),
      'delete-service': membersRule<Change<'delete-service'>>('delete-service', { op, service, source }),
      'set-endpoints': membersRule<Change<'set-endpoints'>>('set-endpoints', {
        op,
        service,
        slice,
        endpoints,
        source,
      }),
      'delete-endpoints': membersRule<Change<'delete-endpoints'>>('delete-endpoints', {
        op,
        service,
        slice,
        source,
      }),
      'set-namespace': membersRule<Change<'set-namespace'>>('set-namespace', { op, namespace }),
      'delete-namespace': membersRule<Change<'delete-namespace'>>('delete-namespace', { op, namespace }),
      'set-host': membersRule<Change<'set-host'>>('set-host', { op, host: hostRule(), source }),
      'delete-host': membersRule<Change<'delete-host'>>('delete-host', { op, host, source }),
      synced: membersRule<Change<'synced'>>('synced', { op }),
    },
    endpoint: endpointRule(),
  }
}

function serviceRule(): ValueRule {
  const labelList = listRule(labelRule(), { what: 'names', max: limits.names })
  const rule = membersRule<RegisteredService>('a service', {
    namespace: namespaceRule(),
    name: labelRule(),
    mode: choiceRule<RegisteredService['mode']>({ vip: true, headless: true, external: true }),
    vips: addressesRule(limits.vips),
    ports: listRule(portRule(), { what: 'ports', max: limits.ports }),
    externalName: optional(textRule('must be a DNS name', text => (nameLabels(text)?.length ?? 0) > 0)),
    ttlSeconds: optional(wholeRule({ max: 86_400 })),
    backends: optional(
      listRule(
        membersRule<TrafficShare>('a share', { template: textRule('must be a text'), weight: amountRule }),
        {
          what: 'shares',
          max: limits.shares,
        },
      ),
    ),
    balance: optional(
      choiceRule<BalancePolicy>({
        'round-robin': true,
        'least-connections': true,
        random: true,
        'power-of-two': true,
        'peak-ewma': true,
        'ring-hash': true,
        maglev: true,
        rendezvous: true,
      }),
    ),
    slowStartSeconds: optional(amountRule),
    sessionAffinity: optional(choiceRule({ None: true, ClientIP: true })),
    sessionAffinityTimeoutSeconds: optional(wholeRule({ min: 1, max: 86_400 })),
    internalTrafficPolicy: optional(choiceRule({ Cluster: true, Local: true })),
    trafficDistribution: optional(
      choiceRule({ PreferSameNode: true, PreferSameZone: true, PreferClose: true }),
    ),
    aliases: optional(labelList),
    networks: optional(labelList),
    labels: optional(labelsRule()),
  })
  return togetherRule<RegisteredService>(rule, partsTogether)
}

/** How the members of a service go together. */
function partsTogether({ mode, vips, ports, externalName }: RegisteredService): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  if (mode !== 'vip' && vips.length > 0)
    problems.push({ field: '.vips', value: vips, message: `must be empty in mode ${mode}` })
  if ((mode === 'external') !== (externalName !== undefined))
    problems.push({
      field: '.externalName',
      value: externalName,
      message: 'must be given exactly in mode external',
    })
  const names = new Set<string>()
  for (const [i, { name, nodePort }] of ports.entries()) {
    if (nodePort !== undefined && mode !== 'vip')
      problems.push({
        field: `.ports[${i}].nodePort`,
        value: nodePort,
        message: `must be absent in mode ${mode}`,
      })
    const field = `.ports[${i}].name`
    if (name === '' && ports.length > 1)
      problems.push({ field, value: name, message: 'must not be empty where a service has several ports' })
    else if (names.has(name)) problems.push({ field, value: name, message: 'must be of one port only' })
    names.add(name)
  }
  return problems
}

function portRule(): ValueRule {
  const number = wholeRule({ min: 1, max: 65_535 })
  return membersRule<RegisteredPort>('a port', {
    name: portNameRule(),
    port: number,
    protocol: choiceRule<RegisteredPort['protocol']>({ TCP: true, UDP: true, SCTP: true }),
    nodePort: optional(number),
  })
}

function hostRule(): ValueRule {
  return membersRule<RegisteredHost>('a host', {
    name: textRule('must be the name of a host, not empty', isSome),
    addresses: addressesRule(limits.addresses),
    roles: listRule(textRule('must be a text'), { what: 'roles', max: limits.roles }),
    port: optional(wholeRule({ min: 1, max: 65_535 })),
  })
}

function endpointRule(): ValueRule {
  const text = optional(textRule('must be a text'))
  return membersRule<Endpoint>('an endpoint', {
    id: textRule('must be a text, not empty', isSome),
    addresses: addressesRule(limits.addresses),
    ports: recordRule(portNameRule(), wholeRule({ min: 1, max: 65_535 })),
    conditions: membersRule<EndpointConditions>('conditions', {
      ready: flagRule,
      serving: flagRule,
      terminating: flagRule,
    }),
    hostname: optional(labelRule()),
    nodeName: text,
    zone: text,
    template: text,
    weight: optional(amountRule),
    drainDeadlineMs: optional(amountRule),
    labels: optional(labelsRule()),
  })
}

function addressesRule(max: number): ValueRule {
  const address = textRule('must be an IPv4 or IPv6 address', text => ipFamily(text) !== 0)
  return listRule(address, { what: 'addresses', max })
}

function labelsRule(): ValueRule {
  return recordRule(textRule('must be a text'), textRule('must be a text'))
}

function portNameRule(): ValueRule {
  const label = wholly(LABEL_PATTERN)
  return textRule('must be empty or one DNS label', text => text === '' || label.test(text))
}

function labelRule(): ValueRule {
  const label = wholly(LABEL_PATTERN)
  return textRule('must be one DNS label in lower case: 1 to 63 characters without dots', text =>
    label.test(text),
  )
}

function namespaceRule(): ValueRule {
  const namespace = wholly(`${LABEL_PATTERN}(?:\\.${LABEL_PATTERN})*`)
  return textRule('must be DNS labels in lower case, with dots between them', text => namespace.test(text))
}

/** A service that can be there, as `serviceKey` names it. */
function keyRule(): ValueRule {
  const key = wholly(`${LABEL_PATTERN}(?:\\.${LABEL_PATTERN})*/${LABEL_PATTERN}`)
  return textRule('must be the namespace and the name of a service, as in prod/web', text => key.test(text))
}

function isSome(text: string): boolean {
  return text !== ''
}

function wholly(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`)
}
