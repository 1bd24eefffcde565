/** How to ask a task whether it is well. Exactly one of `httpGet`, `tcpSocket`, `grpc`, `exec` is given. */
export interface Probe {
  /** Success is a status from 200 to 399. `port` is a number or the name of a task port. */
  readonly httpGet?: { readonly path: string; readonly port: number | string }
  /** Success is an accepted connection. */
  readonly tcpSocket?: { readonly port: number | string }
  /** Success is SERVING of `grpc.health.v1`, of the service, or of the server as a whole. */
  readonly grpc?: { readonly port: number | string; readonly service?: string }
  /** Success is exit code 0. */
  readonly exec?: { readonly command: readonly string[] }
  /** Seconds before the first probe. Default 0. */
  readonly initialDelaySeconds?: number
  /** Seconds between probes. Default 10. */
  readonly periodSeconds?: number
  /** Seconds until a silent probe counts as failed. Default 1. */
  readonly timeoutSeconds?: number
  /** Successes in a row that make it healthy. Default 1. */
  readonly successThreshold?: number
  /** Failures in a row that make it unhealthy. Default 3. */
  readonly failureThreshold?: number
}

/** What one probe found. */
export interface ProbeResult {
  /** `error`: the question could not be asked. It neither counts nor breaks a row. */
  readonly result: 'success' | 'failure' | 'error'
  /** Why, for a condition's message. */
  readonly message: string
}
