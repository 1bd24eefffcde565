import { assertKnown, knownOptions } from '../../core/internal.js'
import { kubernetesNames } from '../names/kubernetes-names.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import type { RegisteredService } from '../services/registered-service.js'
import { knownServices } from './service-servers.js'

/** Which names are written. */
export interface HostsFileOptions {
  /** Default `cluster.local`. */
  readonly zone?: string
  /** Default all. */
  readonly include?: (service: RegisteredService) => boolean
}

const HOSTS_FILE_OPTIONS = /* @__PURE__ */ knownOptions<HostsFileOptions>('formatHosts', {
  zone: true,
  include: true,
})

/**
 * The lines of `/etc/hosts` for the services of a snapshot: what `kubernetesNames` answers for the name of each, and the
 * name without `svc` and zone beside it. Equal snapshots give equal text. A service that is another name has no line.
 *
 * For programs that ask no name server; what they have read of the file is as old as they are.
 *
 * @throws InvalidError for an invalid zone
 */
export function formatHosts(snapshot: RegistrySnapshot, options: HostsFileOptions = {}): string {
  assertKnown(options, HOSTS_FILE_OPTIONS)
  const { zone = 'cluster.local', include = () => true } = options
  const names = kubernetesNames({ zone })
  const lines = knownServices(snapshot).flatMap(({ service }) => {
    if (service.mode === 'external' || !include(service)) return []
    const short = `${service.name}.${service.namespace}`
    const name = `${short}.svc.${zone}`
    return (['A', 'AAAA'] as const).flatMap(type => {
      const answers = names.resolve(snapshot, { name, type })?.answers ?? []
      return answers.map(record => ('address' in record ? `${record.address}\t${name} ${short}\n` : ''))
    })
  })
  return lines.join('')
}
