export { type DnsServer, type DnsServerOptions, serveDns } from './dns-server.js'
export type { EndpointFlowStats } from './flow-table.js'
export { ListenError } from './listen-error.js'
export {
  type HttpProbeOptions,
  type ProbeReport,
  probeHttp,
  probeTcp,
  type TcpProbeOptions,
} from './network-probe.js'
export type { ListenerState } from './vip-listener.js'
export { serveVips, type VipProxy, type VipProxyOptions } from './vip-proxy.js'
export type { VipListenerStats } from './vip-frontend.js'
export type { VipServiceStats } from './vip-service.js'
