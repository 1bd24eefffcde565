import type { FieldProblem, ResourceVector } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { HostPort } from './host-ports.js'
import { portsConflict } from './host-ports.js'

/** Faults of a vector of amounts: each must be a safe integer of at least 0. */
export function vectorProblems(field: string, vector: ResourceVector): FieldProblem[] {
  // A call without types may give nothing at all.
  if (typeof vector !== 'object' || vector === null)
    return [{ field, value: vector, message: 'must be an object of amounts, as parseResources makes one' }]
  const problems: FieldProblem[] = []
  for (const name of Object.keys(vector)) {
    const amount = vector[name] as number
    if (Number.isSafeInteger(amount) && amount >= 0) continue
    const message =
      'must be a whole number of base units from 0 to 2^53−1; parseResources of keelson/core makes one'
    problems.push({ field: `${field}.${name}`, value: amount, message })
  }
  return problems
}

/** Faults of a list of fixed ports. */
export function hostPortProblems(ports: readonly HostPort[] | undefined): FieldProblem[] {
  return (ports ?? []).flatMap(({ port, range }, index) => [
    ...wholeNumber(`hostPorts[${index}].port`, port, { max: 65_535 }),
    ...(range === undefined ? [] : rangeProblems(`hostPorts[${index}].range`, port, range)),
  ])
}

function rangeProblems(field: string, port: number, range: readonly [number, number]): FieldProblem[] {
  const [first, last] = range
  const isRange =
    [first, last].every(end => Number.isInteger(end) && end >= 1 && end <= 65_535) && first <= last
  if (port !== 0) return [{ field, value: range, message: 'must be left out beside a port other than 0' }]
  if (isRange) return []
  return [{ field, value: range, message: 'must be two whole numbers from 1 to 65535, the lower first' }]
}

/** Ports of one list that cannot be held together: one task would be in its own way. */
export function selfConflictProblems(ports: readonly HostPort[] = []): FieldProblem[] {
  return ports.flatMap((port, index) => {
    const other = ports.findIndex(earlier => portsConflict(port, earlier))
    if (other < 0 || other >= index) return []
    const message = `conflicts with hostPorts[${other}]; a port can be held once`
    return [{ field: `hostPorts[${index}]`, value: port, message }]
  })
}
