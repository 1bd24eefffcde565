import { ipFamily } from '../../core/internal.js'

/** Variables, and which of them several sources would set differently. */
export interface EnvironmentVariables {
  readonly variables: Readonly<Record<string, string>>
  readonly collisions: readonly VariableCollision[]
}

/** A name that more than one source sets; the first one's value is kept. */
export interface VariableCollision {
  readonly variable: string
  /** In order; the value is that of the first. */
  readonly sources: readonly string[]
}

/** A service with a virtual address. */
export interface EnvironmentService {
  readonly name: string
  readonly ip: string
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol: string }[]
}

/** A port of a Marathon task. */
export interface MarathonPort {
  /** The port that was asked for; 0 for any. */
  readonly requested: number
  readonly host: number
  readonly name?: string
}

/** A port of a Nomad allocation. */
export interface NomadPort {
  readonly label: string
  readonly hostIp: string
  readonly hostPort: number
  /** The port inside the task's network. Default `hostPort`. */
  readonly to?: number
}

/** `redis-primary` as `REDIS_PRIMARY`; a digit in front gets `_`. */
export function variableName(text: string): string {
  const upper = text.replaceAll(/[-.]/g, '_').toUpperCase()
  return /^\d/.test(upper) ? `_${upper}` : upper
}

/**
 * The variables that Kubernetes gives to containers for the services of their namespace: `X_SERVICE_HOST`,
 * `X_SERVICE_PORT`, and Docker's link variables. Services whose names become the same, such as `a-b` and `a.b`, are
 * reported; the first one by name is kept. Source: kubernetes pkg/kubelet/envvars.
 */
export function kubernetesVariables(services: readonly EnvironmentService[]): EnvironmentVariables {
  const sorted = services.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
  return collected(sorted.map(service => ({ source: service.name, variables: serviceVariables(service) })))
}

function serviceVariables({ name, ip, ports }: EnvironmentService): readonly Variable[] {
  const prefix = variableName(name)
  const host = ipFamily(ip) === 6 ? `[${ip}]` : ip
  const [first] = ports
  const url = (port: { port: number; protocol: string }): string =>
    `${port.protocol.toLowerCase()}://${host}:${port.port}`
  const found: Variable[] = [[`${prefix}_SERVICE_HOST`, ip]]
  if (first !== undefined) found.push([`${prefix}_SERVICE_PORT`, String(first.port)])
  for (const port of ports)
    if (port.name !== undefined && port.name !== '')
      found.push([
        `${prefix}_SERVICE_PORT_${variableName(port.name).replace(/^_(?=\d)/, '')}`,
        String(port.port),
      ])
  if (first !== undefined) found.push([`${prefix}_PORT`, url(first)])
  for (const port of ports) {
    const stem = `${prefix}_PORT_${port.port}_${port.protocol.toUpperCase()}`
    found.push(
      [stem, url(port)],
      [`${stem}_PROTO`, port.protocol.toLowerCase()],
      [`${stem}_PORT`, String(port.port)],
      [`${stem}_ADDR`, ip],
    )
  }
  return found
}

/**
 * The variables that Marathon gives to a task: `PORT0` and so on, `PORT_8080` by the port asked for (by the port given where
 * none was), `PORT_NAME`, `PORT`, `PORTS`, and `HOST`, `MARATHON_APP_LABEL_X`. Source: Marathon's EnvironmentHelper.
 */
export function marathonVariables(
  ports: readonly MarathonPort[],
  more: { readonly host?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): EnvironmentVariables {
  const sources = ports.map(({ requested, host, name = '' }, index): Source => {
    const variables: Variable[] = [
      [`PORT${index}`, String(host)],
      [`PORT_${requested === 0 ? host : requested}`, String(host)],
    ]
    if (name !== '') variables.push([`PORT_${marathonName(name)}`, String(host)])
    return { source: `port ${index}`, variables }
  })
  const first = ports[0]
  const whole: Variable[] =
    first === undefined
      ? []
      : [
          ['PORT', String(first.host)],
          ['PORTS', ports.map(({ host }) => host).join(',')],
        ]
  const { host, labels = {} } = more
  const app: Source = { source: 'app', variables: host === undefined ? whole : [...whole, ['HOST', host]] }
  // Each label is a source: two of them may become one variable.
  const labelled = Object.entries(labels).map(
    ([name, value]): Source => ({
      source: `label ${name}`,
      variables: [[`MARATHON_APP_LABEL_${marathonName(name)}`, value]],
    }),
  )
  return collected([...sources, app, ...labelled])
}

function marathonName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_]+/g, '_').toUpperCase()
}

/**
 * The variables that Nomad gives to a task: `NOMAD_IP_x`, `NOMAD_PORT_x`, `NOMAD_HOST_PORT_x`, `NOMAD_ADDR_x` by label.
 * Labels that differ only in characters that variables cannot have are reported.
 */
export function nomadVariables(ports: readonly NomadPort[]): EnvironmentVariables {
  return collected(
    ports.map(({ label, hostIp, hostPort, to = hostPort }) => {
      const name = label.replaceAll(/[^A-Za-z0-9_]/g, '_')
      const isV6 = ipFamily(hostIp) === 6
      const address = isV6 ? `[${hostIp}]` : hostIp
      const variables: readonly Variable[] = [
        [`NOMAD_IP_${name}`, hostIp],
        [`NOMAD_${isV6 ? 'IPv6' : 'IPv4'}_${name}`, hostIp],
        [`NOMAD_PORT_${name}`, String(to)],
        [`NOMAD_HOST_PORT_${name}`, String(hostPort)],
        [`NOMAD_ADDR_${name}`, `${address}:${hostPort}`],
      ]
      return { source: label, variables }
    }),
  )
}

type Variable = readonly [name: string, value: string]

interface Source {
  readonly source: string
  readonly variables: readonly Variable[]
}

function collected(sources: readonly Source[]): EnvironmentVariables {
  const variables = new Map<string, string>()
  const setters = new Map<string, string[]>()
  for (const { source, variables: own } of sources) {
    for (const [name, value] of own) {
      const known = setters.get(name)
      if (known === undefined) {
        variables.set(name, value)
        setters.set(name, [source])
      } else if (variables.get(name) !== value && !known.includes(source)) known.push(source)
    }
  }
  const collisions = [...setters]
    .filter(([, from]) => from.length > 1)
    .map(([variable, from]) => ({ variable, sources: from }))
  return { variables: Object.fromEntries(variables), collisions }
}
