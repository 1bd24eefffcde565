import type { TrafficAck } from '../../api/index.js'
import { Deployment, Service } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import type { ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { TrafficView, TrafficWeight } from '../traffic.js'

/** Knows up to which revision the traffic of a service is acknowledged, and asks in the background. */
export interface TrafficAcks {
  /** Whether the revision is acknowledged; if not, it is asked about. */
  isReached(service: ObjectRef, revision: number, deployment: ObjectRef): boolean
  close(): void
}

/** Pause before what was not acknowledged is asked about again. */
const ASK_AGAIN_MS = 1_000

export function createTrafficAcks(
  env: Env,
  ack: TrafficAck | undefined,
  changed: (deployment: ObjectRef) => void,
): TrafficAcks {
  const reached = new Map<string, number>()
  const asking = new Map<string, { readonly revision: number; cancel: Cancel }>()
  let isClosed = false
  const ask = (key: string, revision: number, deployment: ObjectRef): void => {
    const entry = { revision, cancel: (): void => {} }
    asking.set(key, entry)
    const settled = (known: boolean): void => {
      if (isClosed || env.closed || asking.get(key) !== entry) return
      if (known) {
        asking.delete(key)
        reached.set(key, revision)
        changed(deployment)
      } else entry.cancel = env.clock.after(ASK_AGAIN_MS, () => ask(key, revision, deployment))
    }
    new Promise<boolean>(resolve => resolve(ack?.reached(revision) ?? true)).then(
      settled,
      (error: unknown) => {
        env.logger.warn(
          { err: error, service: key },
          'it is not known who follows the division of the traffic',
        )
        settled(false)
      },
    )
  }
  return {
    isReached({ namespace = '', name }, revision, deployment) {
      if (ack === undefined) return true
      const key = `${namespace}/${name}`
      if ((reached.get(key) ?? -1) >= revision) return true
      const known = asking.get(key)
      if (known?.revision !== revision) {
        known?.cancel()
        ask(key, revision, deployment)
      }
      return false
    },
    close() {
      isClosed = true
      for (const { cancel } of asking.values()) cancel()
    },
  }
}

/** The Service that a Deployment's strategy names. */
function serviceRef({ metadata: { namespace }, spec }: Deployment): ObjectRef | undefined {
  const name = spec.strategy?.service
  if (name === undefined) return undefined
  return { name, ...(namespace === undefined ? {} : { namespace }) }
}

/**
 * The other Deployment that divides the traffic of the same Service, if this one must not: the oldest does, ties by name.
 * Two that each send all of it to their own templates would undo one another without end.
 */
export function otherDivider(reader: Reader, deployment: Deployment): Deployment | undefined {
  const ref = serviceRef(deployment)
  if (ref === undefined) return undefined
  const { namespace } = ref
  const { items } = reader.list(Deployment, {
    index: { name: 'service', value: ref.name },
    ...(namespace === undefined ? {} : { namespace }),
  })
  const age = ({ metadata: { creationTimestamp, name } }: Deployment): string =>
    `${creationTimestamp} ${name}`
  const first = items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .reduce((oldest, one) => (age(one) < age(oldest) ? one : oldest), deployment)
  return first.metadata.uid === deployment.metadata.uid ? undefined : first
}

/** Whether a Deployment names a Service that is not there. */
export function isServiceMissing(reader: Reader, deployment: Deployment): boolean {
  const ref = serviceRef(deployment)
  return ref !== undefined && reader.get(Service, ref) === undefined
}

/** How the traffic of the Deployment's Service is divided; undefined when it has none, or it does not exist. */
export function trafficOf(
  reader: Reader,
  deployment: Deployment,
  acks: TrafficAcks,
): TrafficView | undefined {
  const ref = serviceRef(deployment)
  const service = ref && reader.get(Service, ref)
  if (ref === undefined || service === undefined) return undefined
  const { backends } = service.spec
  const { name, namespace } = deployment.metadata
  const about = { name, ...(namespace === undefined ? {} : { namespace }) }
  const acknowledged = acks.isReached(ref, Number(service.metadata.resourceVersion), about)
  return { acknowledged, ...(backends === undefined ? {} : { weights: backends }) }
}

/** Writes a division of the traffic. */
export function routeTraffic(
  tx: Transaction,
  deployment: Deployment,
  weights: readonly TrafficWeight[],
): void {
  const ref = serviceRef(deployment)
  if (ref === undefined) return
  tx.modify(Service, ref, draft => {
    draft.spec.backends = weights.map(({ template, weight }) => ({ template, weight }))
  })
}
