import type { FieldProblem } from '../../core/index.js'
import { assertValid, isRecord, wholeNumber } from '../../core/internal.js'

/** A task of an app. */
export interface MarathonLbTask {
  readonly id: string
  readonly host: string
  /** Where it answers, if not at its host. */
  readonly ip?: string
  /** By port index. */
  readonly ports: readonly number[]
  /** Of Mesos, such as `TASK_RUNNING`. Default running. */
  readonly state?: string
  /** Keeps its connections and gets no new ones. Default false. */
  readonly draining?: boolean
}

/** An app with the labels that marathon-lb reads. */
export interface MarathonLbApp {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** By port index. */
  readonly servicePorts: readonly number[]
  readonly tasks: readonly MarathonLbTask[]
  readonly healthChecks?: readonly MarathonLbHealthCheck[]
}

/** How a port is checked. */
export interface MarathonLbHealthCheck {
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'MESOS_HTTP' | 'MESOS_HTTPS' | 'MESOS_TCP' | 'COMMAND'
  readonly portIndex?: number
  /** Default `/`. */
  readonly path?: string
  /** Default 60. */
  readonly intervalSeconds?: number
  /** Default 20. */
  readonly timeoutSeconds?: number
  /** Default 3. */
  readonly maxConsecutiveFailures?: number
}

const PORT = { min: 1, max: 65_535 } as const
const PROTOCOLS: ReadonlySet<unknown> = new Set<MarathonLbHealthCheck['protocol']>([
  'HTTP',
  'HTTPS',
  'TCP',
  'MESOS_HTTP',
  'MESOS_HTTPS',
  'MESOS_TCP',
  'COMMAND',
])
/** Would end the line of a configuration, or is HAProxy's own: a quote, an escape, a comment. */
const NOT_PLAIN = /[\p{Cc}"'\\#]/u
/** What the names of backends may be made of, and `/`. */
const APP_ID = /^[\w.:/-]+$/
const PLAIN_RULE = 'must be one line without quotes, backslashes and #'
const PORT_LABEL = /^HAPROXY_(?:\d+_)?PORT$/
const MODE_LABEL = /^HAPROXY_(?:\d+_)?MODE$/
const ADDRESS_LABEL = /^HAPROXY_(?:\d+_)?BIND_ADDR$/
const WEIGHT_LABEL = /^HAPROXY_(?:\d+_)?BACKEND_WEIGHT$/

/**
 * Apps come from Marathon's API, and what their labels say becomes lines of a configuration.
 *
 * @throws InvalidError naming every field at fault
 */
export function assertMarathonApps(apps: unknown): asserts apps is readonly MarathonLbApp[] {
  assertValid('Marathon apps', listProblems('apps', apps, appProblems))
}

type Look = (field: string, value: Readonly<Record<string, unknown>>) => readonly FieldProblem[]

function listProblems(field: string, value: unknown, look: Look): readonly FieldProblem[] {
  if (!Array.isArray(value)) return [{ field, value, message: 'must be a list' }]
  return value.flatMap((item: unknown, i) =>
    isRecord(item)
      ? look(`${field}[${i}]`, item)
      : [{ field: `${field}[${i}]`, value: item, message: 'must be an object' }],
  )
}

function appProblems(field: string, app: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const { id, labels, servicePorts, tasks, healthChecks = [] } = app
  return [
    ...(typeof id === 'string' && APP_ID.test(id)
      ? []
      : [{ field: `${field}.id`, value: id, message: 'must be of letters, digits and . _ : - /' }]),
    ...(isRecord(labels)
      ? Object.entries(labels).flatMap(([name, value]) =>
          labelProblems(`${field}.labels.${name}`, name, value),
        )
      : [{ field: `${field}.labels`, value: labels, message: 'must be an object of texts' }]),
    ...portProblems(`${field}.servicePorts`, servicePorts),
    ...listProblems(`${field}.tasks`, tasks, taskProblems),
    ...listProblems(`${field}.healthChecks`, healthChecks, checkProblems),
  ]
}

function taskProblems(field: string, task: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const { id, host, ip = host, ports } = task
  return [
    ...textProblems(`${field}.id`, id),
    ...textProblems(`${field}.host`, host),
    ...(ip === host ? [] : textProblems(`${field}.ip`, ip)),
    ...portProblems(`${field}.ports`, ports),
  ]
}

function checkProblems(field: string, check: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const { protocol, path = '/' } = check
  const numbers = ['portIndex', 'intervalSeconds', 'timeoutSeconds', 'maxConsecutiveFailures'] as const
  return [
    ...(PROTOCOLS.has(protocol)
      ? []
      : [
          {
            field: `${field}.protocol`,
            value: protocol,
            message: `must be one of ${[...PROTOCOLS].join(', ')}`,
          },
        ]),
    ...textProblems(`${field}.path`, path),
    ...numbers.flatMap(name =>
      check[name] === undefined ? [] : wholeNumber(`${field}.${name}`, check[name]),
    ),
  ]
}

function labelProblems(field: string, name: string, value: unknown): readonly FieldProblem[] {
  if (typeof value !== 'string') return [{ field, value, message: 'must be a text' }]
  if (!name.startsWith('HAPROXY_')) return []
  if (PORT_LABEL.test(name))
    return wholeNumber(field, Number(value), PORT).map(({ message }) => ({ field, value, message }))
  if (MODE_LABEL.test(name) && value !== 'http' && value !== 'tcp')
    return [{ field, value, message: 'must be http or tcp' }]
  if (ADDRESS_LABEL.test(name)) return textProblems(field, value)
  if (WEIGHT_LABEL.test(name) && !Number.isFinite(Number(value)))
    return [{ field, value, message: 'must be a number' }]
  return NOT_PLAIN.test(value) ? [{ field, value, message: PLAIN_RULE }] : []
}

function portProblems(field: string, ports: unknown): readonly FieldProblem[] {
  if (!Array.isArray(ports)) return [{ field, value: ports, message: 'must be a list of ports' }]
  return ports.flatMap((port, i) => wholeNumber(`${field}[${i}]`, port, PORT))
}

function textProblems(field: string, value: unknown): readonly FieldProblem[] {
  const isText = typeof value === 'string' && value !== '' && !/\s/.test(value) && !NOT_PLAIN.test(value)
  return isText ? [] : [{ field, value, message: `must be a text without spaces; ${PLAIN_RULE}` }]
}
