import type { Attributes, FieldProblem, ResourceVector, Taint } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { NodeDevice } from './devices.js'
import { deviceProblems } from './devices.js'
import { hostPortProblems, vectorProblems } from './field-problems.js'
import type { HostPort, TakenPort } from './host-ports.js'

/** An image that a node has. */
export interface NodeImage {
  /** Bytes. */
  readonly size: number
  /** Of all nodes, how many have it, from 0 to 1. */
  readonly share: number
}

/** What runs on a node uses, as somebody measured it; in base units. */
export interface NodeUsage {
  /** On average over the time that was measured. */
  readonly mean: ResourceVector
  /** Its standard deviation over that time. Default: none. */
  readonly deviation?: ResourceVector
  /** What the tasks that were measured ask for; who came since counts beside. Default: all that are there were measured. */
  readonly requested?: ResourceVector
}

/** A node as the scheduler sees it: plain data. */
export interface NodeDescription {
  /** Unique within the scheduler. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /**
   * Free-form properties for constraints. These also find the labels, as `zone` or `node.labels.zone`, and the
   * node's name as `hostname`.
   */
  readonly attributes?: Attributes
  /**
   * What tasks may use, in base units. `pods` limits the number of tasks; absent means no such limit. Of any other
   * resource that is absent there is none.
   */
  readonly allocatable: ResourceVector
  readonly taints?: readonly Taint[]
  /** True keeps new tasks away. Default false. */
  readonly unschedulable?: boolean
  /** Images that are there, by name: their bytes, and the share of nodes that have them. */
  readonly images?: Readonly<Record<string, NodeImage>>
  /** Most volumes of each driver that can be attached at a time, whole numbers. A driver that is not named has no limit. */
  readonly volumeLimits?: Readonly<Record<string, number>>
  /** Recent failures here, by what requests call `failuresOf`: numbers of at least 0. See `fewestFailures`. */
  readonly failures?: Readonly<Record<string, number>>
  /** Default: nobody measures it, and what tasks ask for counts as used. See `targetLoad`, `loadVariation`. */
  readonly usage?: NodeUsage
  /** Devices that are there, beside what of them is counted in `allocatable`. */
  readonly devices?: readonly NodeDevice[]
  /** Ports that are taken by something other than tasks. */
  readonly hostPorts?: readonly TakenPort[]
  /** Ports that were given back lately, in that order: one of a range is another, as long as there are others. */
  readonly releasedPorts?: readonly HostPort[]
  /** Why nothing else about the node can be read. It then takes no task, with the reason `NodeUnreadable`. */
  readonly unreadable?: string
}

const EFFECTS: ReadonlySet<string> = /* @__PURE__ */ new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])

/** @throws InvalidError naming every field that is not acceptable */
export function checkNodeDescription(node: NodeDescription): void {
  const problems: FieldProblem[] = []
  if (typeof node.name !== 'string' || node.name === '') {
    problems.push({ field: 'name', value: node.name, message: 'must be a text that is not empty' })
  }
  problems.push(
    ...vectorProblems('allocatable', node.allocatable),
    ...hostPortProblems(node.hostPorts),
    ...deviceProblems(node.devices),
    ...Object.entries(node.usage ?? {}).flatMap(([name, amounts]) =>
      vectorProblems(`usage.${name}`, amounts),
    ),
    ...Object.entries(node.volumeLimits ?? {}).flatMap(([driver, limit]) =>
      wholeNumber(`volumeLimits.${driver}`, limit),
    ),
    ...Object.entries(node.failures ?? {}).flatMap(([of, count]) =>
      Number.isFinite(count) && count >= 0
        ? []
        : [{ field: `failures.${of}`, value: count, message: 'must be a finite number of at least 0' }],
    ),
  )
  for (const [index, taint] of (node.taints ?? []).entries()) {
    if (EFFECTS.has(taint.effect)) continue
    const message = `must be one of ${[...EFFECTS].join(', ')}`
    problems.push({ field: `taints[${index}].effect`, value: taint.effect, message })
  }
  if (problems.length > 0) throw new InvalidError(`node ${node.name}`, problems)
}
