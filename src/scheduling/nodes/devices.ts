import type { Attributes, FieldProblem } from '../../core/index.js'

/** One device of a node, such as a GPU or an FPGA. */
export interface NodeDevice {
  /** What it is a piece of, for example `nvidia.com/gpu`. */
  readonly kind: string
  /** Unique among the devices of its kind on the node. */
  readonly id: string
  /** What requests may ask for, such as `{ memory: '80Gi', model: 'h100' }`. */
  readonly attributes?: Attributes
}

/** Devices that a task has on its node. */
export interface HeldDevices {
  readonly kind: string
  /** In order. */
  readonly ids: readonly string[]
  /** How much of each it has. Default 1. */
  readonly share?: number
}

/** A device, and how much of it nothing has, from 0 to 1. */
export interface FreeDevice {
  readonly device: NodeDevice
  readonly free: number
}

/** How much of each device of one node is held, in thousandths; more than all of it where the node was overbooked. */
export class DeviceTable {
  readonly #held = new Map<string, number>()

  /** From 0 to 1. */
  freeOf({ kind, id }: NodeDevice): number {
    return Math.max(0, 1_000 - (this.#held.get(`${kind} ${id}`) ?? 0)) / 1_000
  }

  count(held: readonly HeldDevices[], by: 1 | -1): void {
    for (const { kind, ids, share = 1 } of held)
      for (const id of ids) {
        const thousandths = (this.#held.get(`${kind} ${id}`) ?? 0) + by * Math.round(share * 1_000)
        if (thousandths === 0) this.#held.delete(`${kind} ${id}`)
        else this.#held.set(`${kind} ${id}`, thousandths)
      }
  }
}

/** Faults of the devices of a node: each needs a kind and an id, and has them once. */
export function deviceProblems(devices: readonly NodeDevice[] = []): FieldProblem[] {
  const seen = new Set<string>()
  return devices.flatMap(({ kind, id }, index) => {
    const field = `devices[${index}]`
    const problems = Object.entries({ kind, id }).flatMap(([name, value]) =>
      typeof value === 'string' && value !== ''
        ? []
        : [{ field: `${field}.${name}`, value, message: 'must be a text that is not empty' }],
    )
    const isTwice = seen.has(`${kind} ${id}`)
    seen.add(`${kind} ${id}`)
    return isTwice ? [...problems, { field, value: id, message: 'is there twice' }] : problems
  })
}
