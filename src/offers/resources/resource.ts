/** An inclusive range of whole numbers. */
export type Span = readonly [first: number, last: number]

/** A scalar, ranges, or a set of texts. Sets are lists without duplicates. */
export type ResourceValue = number | readonly Span[] | readonly string[]

/** One layer of a reservation. */
export interface ResourceReservation {
  /** Who may use it: this role and the roles below it. */
  readonly role: string
  /** `static` comes with the agent and cannot be undone. Default `dynamic`. */
  readonly kind?: 'static' | 'dynamic'
  /** Who reserved; only that principal may unreserve. */
  readonly principal?: string
  /** Part of the identity: chunks with other labels never merge. */
  readonly labels?: Readonly<Record<string, string>>
  /** Epoch ms at which the reservation ends by itself, unless a volume lives on it. Absent: never. */
  readonly expiresAtMs?: number
}

/** A volume that outlives its tasks. */
export interface PersistentVolume {
  /** Unique on its agent. */
  readonly id: string
  /** Where tasks see it; passed on as it is. */
  readonly path?: string
  /** Several tasks may use it at once. Default false. */
  readonly shared?: boolean
}

/** What is special about a disk. A `disk` without this is a share of the root file system. */
export interface DiskInfo {
  /** `mount`, `block` and `raw` are whole devices and never split. Default: the root file system. */
  readonly source?: 'path' | 'mount' | 'block' | 'raw'
  readonly profile?: string
  readonly root?: string
  readonly volume?: PersistentVolume
}

/**
 * A chunk of something an agent has. Plain JSON.
 *
 * Scalars have three decimals; `mem` and `disk` are MB. Two chunks merge when everything but the value is
 * equal; volumes and whole devices never merge.
 */
export interface Resource {
  /** `cpus`, `mem`, `disk`, `ports`, `gpus` or any other name. */
  readonly name: string
  readonly value: ResourceValue
  /** Outermost first, so the last one is the owner. Absent or empty: unreserved. */
  readonly reservations?: readonly ResourceReservation[]
  readonly disk?: DiskInfo
  /** May be taken back at any time. Default false. */
  readonly revocable?: boolean
  /** Who provides it, when that is not the agent itself; part of the identity. */
  readonly provider?: string
}

/** The role that owns a chunk now, undefined when it is unreserved. */
export function ownerOf({ reservations }: Resource): string | undefined {
  return reservations?.at(-1)?.role
}

/** Whether a value is ranges; the empty list counts as a set. */
export function isSpans(value: ResourceValue): value is readonly Span[] {
  return typeof value === 'object' && typeof value[0] === 'object'
}

/** Whether the chunk can only be taken whole: a volume, or a device. */
export function isIndivisible({ disk }: Resource): boolean {
  if (disk === undefined) return false
  return disk.volume !== undefined || (disk.source !== undefined && disk.source !== 'path')
}
