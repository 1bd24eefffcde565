import { Bitset } from '../../core/internal.js'
import { PagedArray } from '../structures/paged-array.js'
import type { AddressPoolStats, OwnerShare } from './address-errors.js'
import { watermarkOf } from './address-errors.js'
import type { Holder } from './owner-counts.js'
import { createOwnerCounts } from './owner-counts.js'

/** Who holds which number, and which numbers are in quarantine after their release. */
export interface AddressBook {
  /** Held numbers and those in quarantine. */
  readonly taken: Bitset
  /** Who holds the number. */
  owner(index: number): string | undefined
  held(): Iterable<readonly [index: number, holder: Holder]>
  /** In the order of their release. */
  quarantined(): Iterable<Quarantined>
  hold(index: number, owner: string): void
  letGo(index: number, nowMs: number): void
  /** As if it had not been held: a quarantine that this ended continues. */
  free(index: number): void
  /** Frees the numbers whose quarantine is over. */
  expire(nowMs: number): void
  /** A number that was let go before now, as a claim says: as `letGo` then. */
  restore(index: number, owner: string, untilMs: number): void
  /** A number that the owner released, while it is in quarantine, its latest first. */
  released(owner: string, fits: (index: number) => boolean): number | undefined
  /** Puts everything into another book, of the same numbers or more. */
  copyTo(book: AddressBook): void
  stats(): AddressPoolStats
  /** Who holds most, at most five. */
  topOwners(): readonly OwnerShare[]
}

/** A number that was let go, which another owner may have from then on. */
export interface Quarantined {
  readonly index: number
  readonly owner: string
  readonly untilMs: number
}

/** In the list of those of its owner. */
interface Listed extends Quarantined {
  earlier: Listed | undefined
  later: Listed | undefined
}

export function createAddressBook(size: number, quarantineMs: number): AddressBook {
  const taken = new Bitset(size)
  const holders = new PagedArray<Holder>()
  const counts = createOwnerCounts()
  const quarantine = createQuarantine(taken)
  /** Quarantines that ended early because the number was held again. */
  const ended = new Map<number, Quarantined>()
  const dropHolder = (index: number): string | undefined => {
    const holder = holders.take(index)
    if (holder !== undefined) counts.remove(holder)
    return holder?.owner
  }
  return {
    taken,
    owner: index => holders.get(index)?.owner,
    held: () => holders.entries(),
    quarantined: quarantine.entries,
    hold: (index, owner) => {
      const rest = quarantine.drop(index)
      if (rest !== undefined) ended.set(index, rest)
      taken.add(index)
      if (holders.get(index)?.owner === owner) return
      dropHolder(index)
      holders.set(index, counts.add(owner))
    },
    letGo: (index, nowMs) => {
      const owner = dropHolder(index)
      ended.delete(index)
      if (quarantineMs === 0 || owner === undefined) taken.delete(index)
      else quarantine.put({ index, owner, untilMs: nowMs + quarantineMs })
    },
    free: index => {
      if (dropHolder(index) === undefined) return
      const rest = ended.get(index)
      ended.delete(index)
      if (rest === undefined) taken.delete(index)
      else quarantine.put(rest)
    },
    restore: (index, owner, untilMs) => {
      taken.add(index)
      quarantine.put({ index, owner, untilMs })
    },
    expire: nowMs => {
      quarantine.expire(nowMs)
      // Each would be over by now or soon after, so one that is kept for another ahead of it is not kept for long.
      for (const [index, { untilMs }] of ended.size === 0 ? [] : ended) {
        if (untilMs > nowMs) return
        ended.delete(index)
      }
    },
    released: quarantine.latestOf,
    copyTo: book => {
      for (const [index, { owner }] of holders.entries()) book.hold(index, owner)
      for (const { index, owner, untilMs } of quarantine.entries()) book.restore(index, owner, untilMs)
    },
    stats: () => {
      const quarantined = quarantine.size()
      const free = size - taken.count
      const watermark = watermarkOf(size, free)
      return { capacity: size, used: taken.count - quarantined, quarantined, free, watermark }
    },
    topOwners: () => counts.top(),
  }
}

/** Numbers on their way back to being free, in the order in which they will be. */
interface Quarantine {
  size(): number
  entries(): Iterable<Quarantined>
  put(entry: Quarantined): void
  expire(nowMs: number): void
  /** One of the owner's, its latest first. */
  latestOf(owner: string, fits: (index: number) => boolean): number | undefined
  drop(index: number): Quarantined | undefined
}

function createQuarantine(taken: Bitset): Quarantine {
  const entries = new Map<number, Listed>()
  const latest = new Map<string, Listed>()
  /** Where the last one ends: one that ends before it, put back or restored, is sorted in when order matters. */
  let lastMs = Number.NEGATIVE_INFINITY
  let isSorted = true
  const drop = (index: number): Quarantined | undefined => {
    const entry = entries.get(index)
    if (entry === undefined) return undefined
    const { owner, earlier, later } = entry
    entries.delete(index)
    if (earlier !== undefined) earlier.later = later
    if (later !== undefined) later.earlier = earlier
    else if (earlier === undefined) latest.delete(owner)
    else latest.set(owner, earlier)
    return entry
  }
  const sort = (): void => {
    const sorted = [...entries].sort(([, a], [, b]) => a.untilMs - b.untilMs)
    entries.clear()
    for (const [index, entry] of sorted) entries.set(index, entry)
    lastMs = sorted.at(-1)?.[1].untilMs ?? Number.NEGATIVE_INFINITY
    isSorted = true
  }
  return {
    size: () => entries.size,
    entries: () => entries.values(),
    put: ({ index, owner, untilMs }) => {
      drop(index)
      const earlier = latest.get(owner)
      const entry = { index, owner, untilMs, earlier, later: undefined }
      if (earlier !== undefined) earlier.later = entry
      if (untilMs < lastMs) isSorted = false
      else lastMs = untilMs
      entries.set(index, entry)
      latest.set(owner, entry)
    },
    expire: nowMs => {
      if (!isSorted) sort()
      for (const [index, { untilMs }] of entries) {
        if (untilMs > nowMs) return
        drop(index)
        taken.delete(index)
      }
    },
    latestOf: (owner, fits) => {
      let entry = latest.get(owner)
      while (entry !== undefined && !fits(entry.index)) entry = entry.earlier
      return entry?.index
    },
    drop,
  }
}
