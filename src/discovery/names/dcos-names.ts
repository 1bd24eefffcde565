import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import { canonicalName, labelsUnder } from '../dns/dns-name.js'
import type { NamingProfile } from '../registry/naming-profile.js'
import { assertZone } from './assert-zone.js'
import { absolute, addressRecords, answered, denied, recordsOfType } from './zone-answers.js'
import { zoneSoa } from './zone-soa.js'

/** How named virtual addresses are served. */
export interface DcosNamesOptions {
  /** Default `l4lb.thisdcos.directory`. */
  readonly zone?: string
  /** Default 5. */
  readonly ttlSeconds?: number
}

const DCOS_NAMES_OPTIONS = /* @__PURE__ */ knownOptions<DcosNamesOptions>('dcosNames', {
  zone: true,
  ttlSeconds: true,
})

/**
 * The named virtual addresses of DC/OS: `label.framework.l4lb.thisdcos.directory` is the virtual address of the service
 * `label` in the namespace `framework`. Source: dcos/dcos-net, dcos_l4lb.
 *
 * @throws InvalidError for an invalid zone, or a TTL out of bounds
 */
export function dcosNames(options: DcosNamesOptions = {}): NamingProfile {
  assertKnown(options, DCOS_NAMES_OPTIONS)
  const { zone: name = 'l4lb.thisdcos.directory', ttlSeconds = 5 } = options
  assertZone('DC/OS naming profile', 'zone', name)
  assertValid('DC/OS naming profile', wholeNumber('ttlSeconds', ttlSeconds, { max: 86_400 }))
  const zone = canonicalName(name)
  const soa = zoneSoa({
    name: zone,
    ttl: Math.min(ttlSeconds, 1),
    primary: `ns.${zone}`,
    mailbox: `support.${zone}`,
    refresh: 60,
    retry: 180,
    expire: 86_400,
    minimum: 1,
  })
  return {
    name: `dcos ${zone}`,
    resolve: (snapshot, question) => {
      const labels = labelsUnder(canonicalName(question.name), zone)
      if (labels === undefined) return undefined
      const [label, ...framework] = labels
      const namespace = framework.join('.')
      const service = snapshot.services.get(`${namespace}/${label}`)?.service
      const records = addressRecords(
        absolute(question.name),
        service?.ttlSeconds ?? ttlSeconds,
        service?.vips ?? [],
      )
      const wanted = recordsOfType(records, question.type)
      if (wanted.length > 0) return answered(snapshot, wanted, [])
      const exists =
        label === undefined ||
        (service?.mode === 'vip' && framework.length > 0) ||
        snapshot.namespaces.get(labels.join('.')) !== undefined
      return denied(snapshot, exists ? 'NOERROR' : 'NXDOMAIN', [soa(snapshot)])
    },
  }
}
