import type { RegistrySnapshot } from '../../../src/discovery/index.js'

/** What a snapshot holds, in an order of its own, without the revisions at which it came. */
export function mapEntries(snapshot: RegistrySnapshot): unknown {
  const sorted = <V>(entries: Iterable<[string, V]>): readonly [string, V][] =>
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  const { services, vips, endpointAddresses, namespaces, declaredNamespaces, aliases, hosts, hostAddresses } =
    snapshot
  return {
    services: sorted(services.entries()).map(([key, { service, endpoints }]) => [key, service, endpoints]),
    sizes: [services, vips, endpointAddresses, namespaces, aliases, hosts].map(({ size }) => size),
    vips: sorted(vips.entries()),
    endpointAddresses: sorted(endpointAddresses.entries()),
    namespaces: sorted(namespaces.entries()),
    declaredNamespaces: sorted(declaredNamespaces.entries()),
    aliases: sorted(aliases.entries()),
    hosts: sorted(hosts.entries()),
    hostAddresses: sorted(hostAddresses.entries()),
  }
}
