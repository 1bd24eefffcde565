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
}

/** The devices held on one node, counted: a node that was overbooked gets one back when the last holder is gone. */
export class DeviceTable {
  readonly #holders = new Map<string, number>()

  isHeld({ kind, id }: NodeDevice): boolean {
    return this.#holders.has(`${kind} ${id}`)
  }

  count(held: readonly HeldDevices[], by: 1 | -1): void {
    for (const { kind, ids } of held)
      for (const id of ids) {
        const count = (this.#holders.get(`${kind} ${id}`) ?? 0) + by
        if (count === 0) this.#holders.delete(`${kind} ${id}`)
        else this.#holders.set(`${kind} ${id}`, count)
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
