import type { Endpoint, Registry, RegistryChange } from 'keelson/discovery'
import { mergeSlice } from '../../src/discovery/registry/merged-endpoints.js'
import { refusalOf } from '../../src/discovery/registry/registry-change.js'
import type { ServiceView } from '../../src/discovery/registry/registry-snapshot.js'
import { endpointsOf, headlessRegistryOf } from './dns-registry.js'

const BATCH = 200
const WARM_UP = 20
const ROUNDS = 15
/** So many that what they hold stays in the caches of the processor. */
const FEW = 40
/** Spreads the services that are changed after each other over all. */
const STEP = 37

/** Time in ns of what a replaced endpoint consists of, stage by stage. */
export interface ReplacedStages {
  readonly whole: number
  /** The same among few services, which the processor has at hand. */
  readonly wholeOfFew: number
  /** The slice beside the one before, and what is new in it. */
  readonly check: number
  readonly merge: number
  /** The addresses that are gone and come, in the map of all addresses. */
  readonly index: number
  /** Those two looked up and nothing else. */
  readonly lookup: number
  /** The service in the map of services. */
  readonly service: number
}

interface Replaced {
  readonly view: ServiceView
  readonly change: Extract<RegistryChange, { readonly op: 'set-endpoints' }>
  readonly gone: string
  readonly come: string
}

/** Each stage in a loop of its own, over services and addresses that no loop has touched just before. */
export function measureReplaced(size: number): ReplacedStages {
  const registry = headlessRegistryOf(Array.from({ length: size }, (_, service) => endpointsOf(service)))
  const few = headlessRegistryOf(Array.from({ length: FEW }, (_, service) => endpointsOf(service)))
  let round = 0
  const replacedIn = (of: Registry, among: number) => (): Replaced => {
    const service = `prod/s${(round++ * STEP) % among}`
    const view = of.snapshot().services.get(service) as ServiceView
    const held = view.slices.get('s') as readonly Endpoint[]
    const old = held[5] as Endpoint
    const come = `10.250.${(round >> 8) & 255}.${round & 255}`
    const endpoints = held.with(5, { ...old, id: `f${round}`, addresses: [come] })
    const change = { op: 'set-endpoints', service, slice: 's', endpoints } as const
    return { view, change, gone: old.addresses[0] as string, come }
  }
  const next = replacedIn(registry, size)
  const apply =
    (to: Registry) =>
    ({ change }: Replaced): unknown =>
      to.apply(to.revision + 1, [change])
  const whole = perChange(next, apply(registry))
  let { services, endpointAddresses } = registry.snapshot()
  return {
    whole,
    wholeOfFew: perChange(replacedIn(few, FEW), apply(few)),
    check: perChange(next, ({ view, change }) => refusalOf(change, (_, slice) => view.slices.get(slice))),
    merge: perChange(next, ({ view, change }) =>
      mergeSlice(view, { name: 's', endpoints: change.endpoints }),
    ),
    index: perChange(next, ({ change, gone, come }) => {
      const edit = endpointAddresses.edit()
      edit.get(gone)
      edit.delete(gone)
      edit.get(come)
      edit.set(come, [change.service])
      endpointAddresses = edit.done()
    }),
    lookup: perChange(next, ({ gone, come }) => [endpointAddresses.get(gone), endpointAddresses.get(come)]),
    service: perChange(next, ({ change, view }) => {
      const edit = services.edit()
      edit.get(change.service)
      edit.set(change.service, { ...view, revision: round })
      services = edit.done()
    }),
  }
}

/** The median of batches. */
function perChange(next: () => Replaced, run: (replaced: Replaced) => unknown): number {
  const samples: number[] = []
  for (let sample = 0; sample < WARM_UP + ROUNDS; sample++) {
    const prepared = Array.from({ length: BATCH }, next)
    const start = performance.now()
    for (const replaced of prepared) run(replaced)
    samples.push(((performance.now() - start) * 1e6) / BATCH)
  }
  return samples.slice(WARM_UP).sort((a, b) => a - b)[ROUNDS >> 1] as number
}
