import { assertKnown, knownOptions } from '../../core/internal.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import type { RegisteredService } from '../services/registered-service.js'
import { hostPort } from './host-port.js'
import { knownServices, portLabel, serviceServers } from './service-servers.js'

/** Which services become upstreams. */
export interface NginxUpstreamsOptions {
  /** Default all that have endpoints of their own, so not those of mode `external`. */
  readonly include?: (service: RegisteredService) => boolean
}

const WEIGHT_MAX = 100
/** Stands for no address: an upstream without a server is an error. */
const NOWHERE = '127.0.0.1:1 down'

const NGINX_UPSTREAMS_OPTIONS = /* @__PURE__ */ knownOptions<NginxUpstreamsOptions>('nginxUpstreams', {
  include: true,
})

/**
 * The `upstream` blocks of nginx for the ports of a snapshot's services, to be included in its `http` or `stream`: one for
 * each port, named `port.service.namespace`, as in `proxy_pass http://http.web.prod`. Eligible endpoints have their share
 * as weight, others are `down`. Equal snapshots give equal text.
 *
 * nginx reads it at a reload, so a change of one endpoint is one; `planHaproxy` needs none for that.
 */
export function nginxUpstreams(snapshot: RegistrySnapshot, options: NginxUpstreamsOptions = {}): string {
  assertKnown(options, NGINX_UPSTREAMS_OPTIONS)
  const { include = () => true } = options
  const blocks = knownServices(snapshot).flatMap(({ view, service }) => {
    if (service.mode === 'external' || !include(service)) return []
    return service.ports.map(port => {
      const servers = serviceServers(view, port, WEIGHT_MAX).map(server => {
        const where = hostPort({ host: server.address, port: server.port })
        return server.weight === 0 ? `${where} down` : `${where} weight=${server.weight}`
      })
      const lines = (servers.length === 0 ? [NOWHERE] : servers).map(server => `  server ${server};\n`)
      return `upstream ${portLabel(port)}.${service.name}.${service.namespace} {\n${lines.join('')}}\n`
    })
  })
  return blocks.join('\n')
}
