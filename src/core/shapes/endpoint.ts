/** Which traffic an endpoint takes: Kubernetes' three conditions. */
export interface EndpointConditions {
  /** May receive new traffic. */
  readonly ready: boolean
  /** Answers, though it may be on its way out. */
  readonly serving: boolean
  readonly terminating: boolean
}

/** One place that serves; its ports are its own, since host ports differ from task to task. */
export interface Endpoint {
  /** Unique within its service; the task's name. */
  readonly id: string
  readonly addresses: readonly string[]
  /**
   * Service port name (`''` for the unnamed one) → port of this endpoint, which serves no other port of its service.
   * Empty: it serves all of them, on the service's own numbers.
   */
  readonly ports: Readonly<Record<string, number>>
  readonly conditions: EndpointConditions
  readonly hostname?: string
  readonly nodeName?: string
  readonly zone?: string
  /** Hash of the template that its task was made from; compared with `TrafficShare.template`. */
  readonly template?: string
  /** Share among the endpoints of its service, ≥ 0. Default 1. */
  readonly weight?: number
  /** Epoch ms at which a proxy cuts the connections that it still has: its task is killed then. Default: none is known. */
  readonly drainDeadlineMs?: number
  /** Labels of its task, as far as names are made from them. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Share of traffic of the tasks of one template behind a service. */
export interface TrafficShare {
  /** Hash of the template. */
  readonly template: string
  /** ≥ 0; shares are relative to their sum. */
  readonly weight: number
}
