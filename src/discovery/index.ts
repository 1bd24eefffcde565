// Registry.
export type { Endpoint, PortProtocol, RegisteredPort, RegisteredService, TrafficShare } from './service.js'
export type { RegistryChange } from './registry-change.js'
export type { RegistrySnapshot, ServiceView } from './registry-snapshot.js'
export {
  createRegistry,
  type EndpointFilter,
  endpointsOf,
  type Registry,
  type RegistryDelta,
  type RegistryOptions,
} from './registry.js'
export type { ConsumerReport, RegistryConsumer, WaitOptions } from './registry-consumers.js'
export type { RegistryProblem } from './registry-problems.js'

// Names and DNS.
export { type NamingProfile, type RegistryQuestion, type Resolution, resolveWith } from './naming-profile.js'
export { kubernetesNames, type KubernetesNamesOptions } from './presets/kubernetes-names.js'
export { answerDns, type DnsAnswerOptions } from './dns-answer.js'
export { encodeDnsMessage } from './dns-encode.js'
export type { DnsMessage, DnsParse, DnsQuestion, Edns } from './dns-message.js'
export { parseDnsMessage } from './dns-parse.js'
export { type DnsRecord, type DnsTypeName, formatRecord, type Rcode } from './dns-record.js'

// Health.
export {
  createHealthMachine,
  type HealthMachine,
  type HealthMachineOptions,
  type HealthState,
  type HealthStatus,
  type ProbeOutcome,
} from './health.js'
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
} from './address-pool.js'
export {
  AddressOutOfRangeError,
  type AddressPoolStats,
  AddressTakenError,
  type OwnerShare,
  PoolExhaustedError,
} from './address-errors.js'
export type { AddressStrategy } from './address-search.js'
export { canonicalIp, formatIp, type IpAddress, parseIp } from './ip-address.js'
export { type Cidr, parseCidr } from './cidr.js'
export { kubernetesStaticBand } from './presets/kubernetes-addresses.js'

// Endpoints.
export {
  eligibleEndpoints,
  endpointConditions,
  type TaskReadiness,
  type TrafficScope,
} from './endpoint-conditions.js'
export { planSlices, type SliceContent, type SlicePlan, type SlicePlanInput } from './endpoint-slices.js'

// Controllers.
export { type AddressControllerOptions, createAddressController } from './shell/address-controller.js'
export { createEndpointsController, type EndpointsControllerOptions } from './shell/endpoints-controller.js'
export { createRegistryFeed } from './shell/registry-feed.js'
