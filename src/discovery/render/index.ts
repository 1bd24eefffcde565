// Start here.
export { haproxyServices } from './haproxy-services.js'
export { planHaproxy } from './haproxy-plan.js'
export { formatHaproxy } from './haproxy-text.js'

// Types you will meet.
export type {
  HaproxyBackend,
  HaproxyConfig,
  HaproxyFrontend,
  HaproxyServer,
  HaproxySettings,
} from './haproxy-config.js'
export type { HaproxyPlan, PlacedBackend, PlacedConfig } from './haproxy-plan.js'
export type { HaproxyServicesOptions } from './haproxy-services.js'
