import type { Endpoint } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import { trafficCandidates } from '../balance/traffic-weights.js'
import type { RegistrySnapshot, ServiceView } from '../registry/registry-snapshot.js'
import { eligibleEndpoints } from '../services/endpoint-conditions.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { endpointPort } from '../services/registered-service.js'

/** An endpoint where it serves a port. */
export interface ServiceServer {
  readonly endpoint: Endpoint
  readonly address: string
  readonly port: number
  /** Its share; 0 while it gets no new traffic. */
  readonly weight: number
}

/** Services that are known, with what is behind them, by key. */
export function knownServices(
  snapshot: RegistrySnapshot,
): readonly { readonly view: ServiceView; readonly service: RegisteredService }[] {
  return [...snapshot.services.entries()]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, view]) => (view.service === undefined ? [] : [{ view, service: view.service }]))
}

/** The name of a port, or its number where it has none. */
export function portLabel({ name, port }: RegisteredPort): string {
  return name === '' ? String(port) : name
}

/** All that serve the port, by id; the eligible ones by their shares, of which the largest is `weightMax`. */
export function serviceServers(
  view: ServiceView,
  port: RegisteredPort,
  weightMax: number,
): readonly ServiceServer[] {
  const serving = view.endpoints.filter(
    endpoint => endpoint.addresses.length > 0 && endpointPort(endpoint, port) !== undefined,
  )
  const weights = weightsOf(eligibleEndpoints(serving), view, weightMax)
  return serving.map(endpoint => ({
    endpoint,
    address: endpoint.addresses[0] ?? '',
    port: endpointPort(endpoint, port) ?? port.port,
    weight: weights.get(endpoint.id) ?? 0,
  }))
}

/** Whole numbers; none that is above 0 becomes 0. */
function weightsOf(
  eligible: readonly Endpoint[],
  view: ServiceView,
  weightMax: number,
): ReadonlyMap<string, number> {
  const candidates = trafficCandidates(eligible, view.service?.backends)
  const most = Math.max(...candidates.map(({ weight }) => weight), 0)
  const scaled = (weight: number): number =>
    weight === 0 ? 0 : Math.max(1, Math.round((weightMax * weight) / most))
  return new Map(candidates.map(({ id, weight }) => [id, most === 0 ? weightMax : scaled(weight)]))
}
