/** Free amounts of equal nodes, one typed column each: what the ported algorithms read. */
export interface NodeColumns {
  readonly cpu: Int32Array
  readonly memory: Int32Array
  readonly tasks: Int32Array
}

/** The size of each node: millicores and MiB. */
export const NODE = { cpu: 4_000, memory: 32_768, tasks: 110 } as const

/** What one task asks for. */
export interface TaskSize {
  readonly cpu: number
  readonly memory: number
}

export function emptyNodes(count: number): NodeColumns {
  return {
    cpu: new Int32Array(count).fill(NODE.cpu),
    memory: new Int32Array(count).fill(NODE.memory),
    tasks: new Int32Array(count).fill(NODE.tasks),
  }
}

/** LeastAllocated and balanced allocation in whole percent; -1: it does not fit. */
export function scoreOf(nodes: NodeColumns, at: number, { cpu, memory }: TaskSize): number {
  const freeCpu = (nodes.cpu[at] as number) - cpu
  const freeMemory = (nodes.memory[at] as number) - memory
  if (freeCpu < 0 || freeMemory < 0 || (nodes.tasks[at] as number) < 1) return -1
  const gap = Math.abs(freeCpu / NODE.cpu - freeMemory / NODE.memory)
  const least = (((freeCpu * 100) / NODE.cpu) | 0) + (((freeMemory * 100) / NODE.memory) | 0)
  return (least >> 1) + (((1 - gap / 2) * 100) | 0)
}

export function take(nodes: NodeColumns, at: number, { cpu, memory }: TaskSize): void {
  nodes.cpu[at] = (nodes.cpu[at] as number) - cpu
  nodes.memory[at] = (nodes.memory[at] as number) - memory
  nodes.tasks[at] = (nodes.tasks[at] as number) - 1
}
