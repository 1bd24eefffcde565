// Start here.
export { serveDns } from './dns-server.js'
export { serveHaproxy } from './haproxy/haproxy-server.js'
export { serveVips } from './vip-proxy.js'

// Types you will meet.
export type { DnsServer, DnsServerOptions } from './dns-server.js'
export type { DnsForwardOptions } from './forward/forward-options.js'
export type { ResponseRateOptions } from '../dns/response-rate.js'
export type { Haproxy, HaproxyOptions } from './haproxy/haproxy-server.js'
export type { DrainWaitReport, DrainWaitOptions } from './drain-waits.js'
export type { EndpointFlowStats } from './flow-table.js'
export type { VipListenerStats } from './vip-frontend.js'
export type { VipProxy, VipProxyOptions } from './vip-proxy.js'
export type { VipRefusal, VipServiceStats } from './vip-service.js'
