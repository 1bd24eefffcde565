// Start here.
export { haproxyServices } from './haproxy-services.js'
export { planHaproxy } from './haproxy-plan.js'
export { formatHaproxy } from './haproxy-text.js'

export { haproxyOfMarathon } from './marathon-lb.js'
export { nginxUpstreams } from './nginx-upstreams.js'
export { envoyResources } from './envoy-resources.js'
export { formatHosts } from './hosts-file.js'
export { formatResolvConf } from './resolv-conf.js'
export { kubernetesVariables, marathonVariables, nomadVariables } from './environment.js'

// To build with.
export { resolveShortName, searchNames } from './search-names.js'
export { variableName } from './environment.js'
export {
  marathonBackendName,
  marathonCookie,
  marathonServerId,
  marathonServerName,
} from './marathon-lb-names.js'

// Types you will meet.
export type {
  EnvironmentService,
  EnvironmentVariables,
  MarathonPort,
  NomadPort,
  VariableCollision,
} from './environment.js'
export type { MarathonLbConfig, MarathonLbOptions } from './marathon-lb.js'
export type { MarathonLbApp, MarathonLbHealthCheck, MarathonLbTask } from './marathon-lb-apps.js'
export type {
  HaproxyBackend,
  HaproxyConfig,
  HaproxyFrontend,
  HaproxyServer,
  HaproxySettings,
} from './haproxy-config.js'
export type { HaproxyPlan, PlacedBackend, PlacedConfig } from './haproxy-plan.js'
export type { HaproxyServicesOptions } from './haproxy-services.js'
export type { EnvoyCollision } from './envoy-listeners.js'
export type { EnvoyDiscovery, EnvoyResources, EnvoyResourcesOptions } from './envoy-resources.js'
export type { HostsFileOptions } from './hosts-file.js'
export type { NginxUpstreamsOptions } from './nginx-upstreams.js'
export type { ResolvConf } from './resolv-conf.js'
export type { ShortNameResolution } from './search-names.js'
