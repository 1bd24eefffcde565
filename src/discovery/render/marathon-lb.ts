import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type { NameCollision } from '../structures/name-collisions.js'
import { collisionsOf } from '../structures/name-collisions.js'
import type {
  HaproxyBackend,
  HaproxyConfig,
  HaproxyFrontend,
  HaproxyServer,
  HaproxySettings,
} from './haproxy-config.js'
import { HAPROXY_LIMITS, haproxySettings } from './haproxy-config.js'
import type { MarathonLbApp, MarathonLbHealthCheck } from './marathon-lb-apps.js'
import { assertMarathonApps } from './marathon-lb-apps.js'
import {
  marathonBackendName,
  marathonCookie,
  marathonServerId,
  marathonServerName,
} from './marathon-lb-names.js'

/** Which apps are rendered. */
export interface MarathonLbOptions extends HaproxySettings {
  /** Those of which an app must be in one, by HAPROXY_GROUP; `*` for all. Default `['*']`. */
  readonly groups?: readonly string[]
  /** Whether apps are off unless HAPROXY_ENABLED says so. Default false. */
  readonly strict?: boolean
  /** Where HTTP by host name is listened on. Default `*:80`. */
  readonly httpBind?: string
}

/** A configuration, and what is not in it. */
export interface MarathonLbConfig extends HaproxyConfig {
  /**
   * Apps whose ports would be one backend, such as `/a/b` and `/a_b`, by its name, each with the index of its port, as
   * `/a/b:0`: the first is rendered, the others are not. Empty when all have names of their own.
   */
  readonly collisions: readonly NameCollision[]
}

/** States of tasks that get no traffic. Those that are lost or out of reach may be well: they stay. */
const GONE_STATES = new Set([
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
])
const TRUE_WORDS = new Set(['true', 't', 'yes', 'y'])

const MARATHON_LB_OPTIONS = /* @__PURE__ */ knownOptions<MarathonLbOptions>('haproxyOfMarathon', {
  socket: true,
  ...HAPROXY_LIMITS,
  groups: true,
  strict: true,
  httpBind: true,
})

/**
 * The configuration that marathon-lb makes of apps and their HAPROXY_ labels: GROUP, ENABLED, VHOST, PATH, MODE, BALANCE,
 * STICKY, PORT, BIND_ADDR, BIND_OPTIONS, BACKEND_WEIGHT, REDIRECT_TO_HTTPS. `HAPROXY_0_X` is for the port of that index, and
 * goes before `HAPROXY_X`. Names, numbers and cookies of servers are the ones there. Apps that would share the name of a
 * backend are not merged: those after the first are left out and reported. Source: mesosphere/marathon-lb.
 *
 * @throws InvalidError for an app that is none, by its place in the list, and for a label that is more than one plain line, or
 * no number, mode or address where one belongs; unknown members are left alone, as Marathon's API has more
 */
export function haproxyOfMarathon(
  apps: readonly MarathonLbApp[],
  options: MarathonLbOptions = {},
): MarathonLbConfig {
  assertKnown(options, MARATHON_LB_OPTIONS)
  assertMarathonApps(apps)
  const wanted = apps
    .flatMap(app => app.servicePorts.map((port, index) => siteOf(app, port, index)))
    .filter(site => isWanted(site, options))
    .sort((a, b) => compareText(a.app.id, b.app.id) || a.port - b.port)
  const first = new Map(wanted.toReversed().map(site => [site.name, site]))
  const sites = wanted.filter(site => first.get(site.name) === site)
  const hosted = sites.filter(({ hosts }) => hosts.length > 0)
  const byHost: HaproxyFrontend = {
    name: 'marathon_http_in',
    mode: 'http',
    binds: [options.httpBind ?? '*:80'],
    lines: hosted.toSorted(byWeight).flatMap(hostRules),
  }
  return {
    ...haproxySettings({ maxConnections: 50_000, ...options }),
    frontends: [...(hosted.length === 0 ? [] : [byHost]), ...sites.map(frontendOf)],
    backends: sites.map(backendOf),
    collisions: collisionsOf(wanted.map(({ app, index, name }) => ({ source: `${app.id}:${index}`, name }))),
  }
}

interface Site {
  readonly app: MarathonLbApp
  readonly index: number
  readonly port: number
  readonly name: string
  readonly mode: 'http' | 'tcp'
  readonly hosts: readonly string[]
  readonly label: (key: string) => string | undefined
  readonly check: MarathonLbHealthCheck | undefined
}

function siteOf(app: MarathonLbApp, servicePort: number, index: number): Site {
  const label = (key: string): string | undefined =>
    app.labels[`HAPROXY_${index}_${key}`] ?? app.labels[`HAPROXY_${key}`]
  const port = Number(label('PORT') ?? servicePort)
  const check = app.healthChecks?.find(({ portIndex = 0 }) => portIndex === index)
  const hosts = (label('VHOST') ?? '').split(',').map(host => host.trim().toLowerCase())
  const known = hosts.filter(host => host !== '')
  const isHttp = known.length > 0 || check?.protocol.includes('HTTP') === true
  const asked = label('MODE')
  const mode = asked === 'http' || asked === 'tcp' ? asked : isHttp ? 'http' : 'tcp'
  return { app, index, port, name: marathonBackendName(app.id, port), mode, hosts: known, label, check }
}

function isWanted({ label }: Site, { groups = ['*'], strict = false }: MarathonLbOptions): boolean {
  const enabled = label('ENABLED')
  if (!(enabled === undefined ? !strict : TRUE_WORDS.has(enabled.toLowerCase()))) return false
  const own = (label('GROUP') ?? '').split(',')
  return groups.includes('*') || own.some(group => groups.includes(group))
}

/** Rules of a higher weight come first; a path is more exact than a host alone. */
function byWeight(a: Site, b: Site): number {
  return weightOf(b) - weightOf(a) || compareText(a.name, b.name)
}

function weightOf({ label }: Site): number {
  return Number(label('BACKEND_WEIGHT') ?? (label('PATH') === undefined ? 0 : 1))
}

function hostRules({ name, hosts, label }: Site): readonly string[] {
  const path = label('PATH')
  const acl = name.replaceAll(/[^A-Za-z0-9]/g, '_')
  const both = path === undefined ? `host_${acl}` : `host_${acl} path_${acl}`
  const redirect = TRUE_WORDS.has((label('REDIRECT_TO_HTTPS') ?? '').toLowerCase())
  return [
    `acl host_${acl} hdr(host),lower,field(1,:) -m str ${hosts.join(' ')}`,
    ...(path === undefined ? [] : [`acl path_${acl} path_beg ${path}`]),
    ...(redirect ? [`redirect scheme https code 301 if !{ ssl_fc } ${both}`] : []),
    `use_backend ${name} if ${both}`,
  ]
}

function frontendOf({ name, mode, port, label }: Site): HaproxyFrontend {
  const options = label('BIND_OPTIONS')
  const bind = `${label('BIND_ADDR') ?? '*'}:${port}${options === undefined ? '' : ` ${options}`}`
  return { name, mode, binds: [bind], lines: [], defaultBackend: name }
}

function backendOf(site: Site): HaproxyBackend {
  const { app, index, name, mode, label, check } = site
  const isSticky = mode === 'http' && TRUE_WORDS.has((label('STICKY') ?? '').toLowerCase())
  const isHttpCheck = check?.protocol.includes('HTTP') === true
  const taken = new Set<number>()
  const servers = app.tasks
    .filter(({ state = 'TASK_RUNNING' }) => !GONE_STATES.has(state))
    .flatMap(task => {
      const port = task.ports[index]
      return port === undefined ? [] : [{ task, port }]
    })
    .sort((a, b) => compareText(a.task.host, b.task.host) || a.port - b.port)
    .map(({ task, port }): HaproxyServer => {
      const { host, ip = host, id } = task
      const server = marathonServerName(host, ip, port)
      const puid = marathonServerId(server, taken)
      taken.add(puid)
      const options = [
        ...(isSticky ? [`cookie ${marathonCookie(server)}`] : []),
        ...(check === undefined || check.protocol === 'COMMAND' ? [] : [checkOf(check)]),
      ].join(' ')
      return {
        id,
        address: ip,
        port,
        weight: 1,
        name: server,
        puid,
        ...(options === '' ? {} : { options }),
        ...(task.draining === true ? { disabled: true } : {}),
      }
    })
  return {
    name,
    mode,
    balance: label('BALANCE') ?? 'roundrobin',
    servers,
    lines: [
      ...(isSticky ? ['cookie mesosphere_server_id insert indirect nocache'] : []),
      ...(isHttpCheck ? [`option httpchk GET ${check.path ?? '/'}`] : []),
    ],
  }
}

/** Given up at one failure more than Marathon counts, as Marathon itself does. */
function checkOf({
  intervalSeconds = 60,
  timeoutSeconds = 20,
  maxConsecutiveFailures = 3,
}: MarathonLbHealthCheck): string {
  return `check inter ${Math.max(intervalSeconds, timeoutSeconds)}s fall ${maxConsecutiveFailures + 1}`
}
