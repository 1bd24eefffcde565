// Start here.
export { createProbeMachine } from '../core/internal.js'
export { kubernetesNames } from './names/kubernetes-names.js'
export { createRegistry } from './registry/registry.js'
export { createAddressController } from './shell/address-controller.js'
export { createEndpointsController } from './shell/endpoints-controller.js'
export { createRegistryFeed } from './shell/registry-feed.js'
export { createTrafficAck } from './shell/consumers-ack.js'
export { createTrafficConsumers } from './shell/traffic-consumers.js'
export { createTrafficReporter } from './shell/traffic-reporter.js'

// To build with.
export { createAddressPool } from './addresses/address-pool.js'
export { registryAt } from './shell/registry-at.js'
export { answerDns } from './dns/dns-answer.js'
export { formatRecord } from './dns/dns-record.js'
export { createHealthMachine } from '../core/internal.js'
export { dockerHealth } from './health/docker-health.js'
export { kubernetesStaticBand } from './addresses/kubernetes-addresses.js'
export { marathonHealth } from './health/marathon-health.js'

// Types you will meet: the registry.
export type { Endpoint, TrafficShare } from '../core/index.js'
export type { NamingProfile } from './registry/naming-profile.js'
export type { EndpointFilter, Registry, RegistryDelta, RegistryOptions } from './registry/registry.js'
export type { RegistryChange } from './registry/registry-change.js'
export type {
  ConsumerReport,
  RegistryConsumer,
  RegistryConsumerOptions,
  WaitOptions,
} from './registry/registry-consumers.js'
export type { RegistryProblem } from './registry/registry-problems.js'
export type { TracedResolution } from './registry/traced-resolution.js'
export type { RegistrySnapshot, ServiceView } from './registry/registry-snapshot.js'
export type { PortProtocol, RegisteredPort, RegisteredService } from './services/registered-service.js'

// Types you will meet: DNS.
export type { DnsAnswerOptions } from './dns/dns-answer.js'
export type { DnsRecord, DnsTypeName, Rcode } from './dns/dns-record.js'
export type { RegistryQuestion, Resolution } from './dns/resolution.js'
export type { KubernetesNamesOptions } from './names/kubernetes-names.js'

// Types you will meet: health.
export type {
  HealthMachine,
  HealthMachineOptions,
  HealthState,
  HealthStatus,
  ProbeOutcome,
} from '../core/internal.js'
export type { DockerHealthCheck } from './health/docker-health.js'
export type { ProbeTimings, ProbeUse } from '../core/internal.js'
export type { MarathonHealthCheck } from './health/marathon-health.js'

// Types you will meet: addresses and the controllers.
export type { AddressPoolStats } from './addresses/address-errors.js'
export type { AddressPool, AddressPoolOptions, HeldAddress } from './addresses/address-pool.js'
export type { AddressStrategy } from './addresses/address-search.js'
export type { Cidr } from '../core/internal.js'
export type { PortPoolOptions } from './addresses/port-pool.js'
export type { AddressControllerOptions } from './shell/address-controller.js'
export type { ServiceAddressPool } from './shell/service-pools.js'
export type { EndpointsControllerOptions } from './shell/endpoints-controller.js'
export type { RegistryFeedOptions } from './shell/registry-feed.js'
export type { TrafficAckOptions } from './shell/consumers-ack.js'
export type { TrafficConsumersOptions } from './shell/traffic-consumers.js'
export type { TrafficReporterOptions } from './shell/traffic-reporter.js'
