// Registry.
export type { Endpoint, TrafficShare } from '../core/index.js'
export type { PortProtocol, RegisteredPort, RegisteredService } from './services/registered-service.js'
export type { RegistryChange } from './registry/registry-change.js'
export type { RegistrySnapshot, ServiceView } from './registry/registry-snapshot.js'
export {
  createRegistry,
  type EndpointFilter,
  endpointsOf,
  type Registry,
  type RegistryDelta,
  type RegistryOptions,
} from './registry/registry.js'
export type { ConsumerReport, RegistryConsumer, WaitOptions } from './registry/registry-consumers.js'
export type { RegistryProblem } from './registry/registry-problems.js'

// Names and DNS.
export type { RegistryQuestion, Resolution } from './dns/resolution.js'
export { type NamingProfile, resolveWith } from './registry/naming-profile.js'
export { kubernetesNames, type KubernetesNamesOptions } from './presets/kubernetes-names.js'
export { answerDns, type DnsAnswerOptions } from './dns/dns-answer.js'
export { encodeDnsMessage } from './dns/dns-encode.js'
export type { DnsMessage, DnsParse, DnsQuestion, Edns } from './dns/dns-message.js'
export { parseDnsMessage } from './dns/dns-parse.js'
export { type DnsRecord, type DnsTypeName, formatRecord, type Rcode } from './dns/dns-record.js'

// Health.
export {
  createHealthMachine,
  type HealthMachine,
  type HealthMachineOptions,
  type HealthState,
  type HealthStatus,
  type ProbeOutcome,
} from './health/health-machine.js'
export { type DockerHealthCheck, dockerHealth } from './presets/docker-health.js'
export {
  createProbeMachine,
  kubernetesProbe,
  type ProbeTimings,
  type ProbeUse,
} from './presets/kubernetes-probes.js'
export { type MarathonHealthCheck, marathonHealth } from './presets/marathon-health.js'

// Addresses.
export {
  type AddressPool,
  type AddressPoolOptions,
  createAddressPool,
  type HeldAddress,
} from './addresses/address-pool.js'
export {
  AddressOutOfRangeError,
  type AddressPoolStats,
  AddressTakenError,
  type OwnerShare,
  PoolExhaustedError,
} from './addresses/address-errors.js'
export type { AddressStrategy } from './addresses/address-search.js'
export { canonicalIp, formatIp, type IpAddress, parseIp } from '../core/index.js'
export { type Cidr, parseCidr } from './addresses/cidr.js'
export { kubernetesStaticBand } from './presets/kubernetes-addresses.js'

// Endpoints.
export {
  eligibleEndpoints,
  endpointConditions,
  type TaskReadiness,
  type TrafficScope,
} from './services/endpoint-conditions.js'
export {
  planSlices,
  type SliceContent,
  type SlicePlan,
  type SlicePlanInput,
} from './services/endpoint-slices.js'

// Controllers.
export { type AddressControllerOptions, createAddressController } from './shell/address-controller.js'
export { createEndpointsController, type EndpointsControllerOptions } from './shell/endpoints-controller.js'
export { createRegistryFeed } from './shell/registry-feed.js'
