/** A place that a backend sends traffic to. */
export interface HaproxyServer {
  /** Unique in its backend; the endpoint's id. */
  readonly id: string
  readonly address: string
  readonly port: number
  /** 0 to 256; 0 gets no new connections, those that it has continue. */
  readonly weight: number
  /** What its line has behind the address, such as `check inter 10s fall 4`. Default nothing. */
  readonly options?: string
  /** Its name and number in HAProxy, where they do not come from a slot. A change of names is a change of structure. */
  readonly name?: string
  readonly puid?: number
  /** Out of use: the line ends with `disabled`. Only with `name`. */
  readonly disabled?: boolean
}

/** Servers that share traffic. */
export interface HaproxyBackend {
  readonly name: string
  readonly mode: 'http' | 'tcp'
  /** Of HAProxy: `roundrobin`, `leastconn`, `source` and so on. */
  readonly balance: string
  /** By id. */
  readonly servers: readonly HaproxyServer[]
  /** Further lines. */
  readonly lines: readonly string[]
}

/** Where HAProxy listens, and where the traffic goes. */
export interface HaproxyFrontend {
  readonly name: string
  readonly mode: 'http' | 'tcp'
  /** `address:port` with options. */
  readonly binds: readonly string[]
  /** Lines before the default: rules such as `acl` and `use_backend`. */
  readonly lines: readonly string[]
  readonly defaultBackend?: string
}

/** Everything that a configuration is made of, as plain data in a fixed order. */
export interface HaproxyConfig {
  readonly global: readonly string[]
  readonly defaults: readonly string[]
  readonly frontends: readonly HaproxyFrontend[]
  readonly backends: readonly HaproxyBackend[]
}

/** The general settings of a configuration. */
export interface HaproxySettings {
  /** Path of the admin socket, through which servers are changed at run time. Default none. */
  readonly socket?: string
  /** Connections at a time. Default: what HAProxy finds that its file descriptors allow. */
  readonly maxConnections?: number
  /** How long processes of before a reload may serve what they have. Default 30 000. */
  readonly hardStopAfterMs?: number
  /** Default 3000. */
  readonly connectTimeoutMs?: number
  /** Longest silence of a client or server. Default 30 000. */
  readonly idleTimeoutMs?: number
  /** Longest silence of a tunnel, such as a WebSocket. Default 3 600 000. */
  readonly tunnelTimeoutMs?: number
}

/** Names of the settings but the socket, which not all who take settings let choose. */
export const HAPROXY_LIMITS = {
  maxConnections: true,
  hardStopAfterMs: true,
  connectTimeoutMs: true,
  idleTimeoutMs: true,
  tunnelTimeoutMs: true,
} as const

/** Lines of the sections `global` and `defaults`. */
export function haproxySettings(settings: HaproxySettings): Pick<HaproxyConfig, 'global' | 'defaults'> {
  const { maxConnections, hardStopAfterMs = 30_000, connectTimeoutMs = 3000 } = settings
  const { idleTimeoutMs = 30_000, tunnelTimeoutMs = 3_600_000, socket } = settings
  return {
    global: [
      ...(maxConnections === undefined ? [] : [`maxconn ${maxConnections}`]),
      // Without it processes of before a reload keep sending to endpoints that are gone for as long as they live.
      `hard-stop-after ${hardStopAfterMs}ms`,
      ...(socket === undefined ? [] : [`stats socket ${socket} mode 600 level admin expose-fd listeners`]),
    ],
    defaults: [
      'retries 3',
      'option redispatch 1',
      `timeout connect ${connectTimeoutMs}ms`,
      `timeout client ${idleTimeoutMs}ms`,
      `timeout server ${idleTimeoutMs}ms`,
      `timeout tunnel ${tunnelTimeoutMs}ms`,
    ],
  }
}
