import type { NodesMeant } from '../plugins/plugin.js'
import { SlotHeap } from './slot-heap.js'

/** Nodes that are alike in everything a domain plugin, or a score that is made relative, looks at. */
export class Bucket {
  /** One number for each part; what it means is the part's own business. */
  readonly parts: readonly number[]
  /** Nodes with room, best first. */
  readonly heap: SlotHeap = new SlotHeap()
  /** Nodes that are in it, by what static filters say: 0 to 3, see `SELECTED` and `UNTAINTED`. */
  readonly members: [number, number, number, number] = [0, 0, 0, 0]

  constructor(parts: readonly number[]) {
    this.parts = parts
  }
}

/** What static filters say of a node: `SELECTED`, `UNTAINTED`, both or neither. */
export type Standing = 0 | 1 | 2 | 3

/** The request's own selectors select the node. */
export const SELECTED = 1
/** Nothing else, such as a taint, keeps the request away. */
export const UNTAINTED = 2

/** How many nodes of the bucket are meant. */
export function membersOf({ members, heap }: Bucket, among: NodesMeant): number {
  switch (among) {
    case 'all':
      return members[0] + members[1] + members[2] + members[3]
    case 'selected':
      return members[1] + members[3]
    case 'untainted':
      return members[2] + members[3]
    case 'enterable':
      return members[3]
    case 'roomy':
      return heap.size
  }
}

interface Branch {
  readonly next: Map<number, Branch>
  bucket: Bucket | undefined
}

/** Finds the bucket of a list of parts, and makes it when it is new. */
export class BucketTree {
  readonly buckets: Bucket[] = []
  readonly #root: Branch = { next: new Map(), bucket: undefined }

  find(parts: readonly number[]): Bucket {
    let branch = this.#root
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] as number
      let next = branch.next.get(part)
      if (next === undefined) branch.next.set(part, (next = { next: new Map(), bucket: undefined }))
      branch = next
    }
    if (branch.bucket === undefined) {
      branch.bucket = new Bucket([...parts])
      this.buckets.push(branch.bucket)
    }
    return branch.bucket
  }
}
