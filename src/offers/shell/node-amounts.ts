import type { ResourceInput, ResourceVector } from '../../core/index.js'
import { parseResources } from '../../core/index.js'
import type { Quantities } from '../resources/quantities.js'
import type { ResourceSet } from '../resources/resource-set.js'

/** By name in a vector of core: the name here, and how many base units a thousandth of its unit has. */
const NAMES: ReadonlyMap<string, { readonly name: string; readonly units: number }> = /* @__PURE__ */ new Map(
  [
    ['cpu', { name: 'cpus', units: 1 }],
    ['memory', { name: 'mem', units: 1_048_576 / 1_000 }],
    ['ephemeral-storage', { name: 'disk', units: 1_048_576 / 1_000 }],
  ],
)
/** Every other resource keeps its name; a vector counts it whole. */
const WHOLE = 1 / 1_000

/** Amounts of core in the units of offers. What is had rounds down, what is asked rounds up. */
export function quantitiesOfInput(input: ResourceInput, kind: 'had' | 'asked'): Quantities {
  return quantitiesOfVector(parseResources(input), kind === 'had' ? Math.floor : Math.ceil)
}

/** Requests that hold what was given; memory and disk in whole bytes, rounded up. */
export function requestsOf(take: ResourceSet): Readonly<Record<string, string>> {
  const requests: Record<string, string> = {}
  for (const [name, amount] of Object.entries(take.quantities())) {
    const other = [...NAMES.keys()].find(key => NAMES.get(key)?.name === name)
    if (other === undefined) requests[name] = String(amount)
    else requests[other] = other === 'cpu' ? String(amount) : String(Math.ceil(amount * 1_048_576))
  }
  return requests
}

function quantitiesOfVector(vector: ResourceVector, round: (value: number) => number): Quantities {
  const quantities: Record<string, number> = {}
  for (const [name, amount] of Object.entries(vector)) {
    const { name: ours, units } = NAMES.get(name) ?? { name, units: isThousandths(name) ? 1 : WHOLE }
    const thousandths = round(amount / units)
    if (thousandths > 0) quantities[ours] = thousandths / 1_000
  }
  return quantities
}

/** Names with a domain, and pods, are counted whole by core; other unknown ones in thousandths. */
function isThousandths(name: string): boolean {
  return !name.includes('/') && name !== 'pods' && !name.startsWith('attachable-volumes-')
}
