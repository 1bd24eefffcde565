import { Bitset } from '../../core/internal.js'
import type { AddressPoolStats, OwnerShare } from './address-errors.js'
import { watermarkOf } from './address-errors.js'
import { createOwnerCounts } from './owner-counts.js'

/** Who holds which number, and which numbers are in quarantine after their release. */
export interface AddressBook {
  /** Held numbers and those in quarantine. */
  readonly taken: Bitset
  readonly owners: ReadonlyMap<number, string>
  hold(index: number, owner: string): void
  letGo(index: number, nowMs: number): void
  /** Without quarantine. */
  free(index: number): void
  /** Frees the numbers whose quarantine is over. */
  expire(nowMs: number): void
  /** A number that was let go before now, as a claim says: as `letGo` then. */
  restore(index: number, owner: string, untilMs: number): void
  /** A number that the owner released, while it is in quarantine, its latest first; takes it out. */
  takeBack(owner: string, fits: (index: number) => boolean): number | undefined
  /** Puts everything into another book, of the same numbers or more. */
  copyTo(book: AddressBook): void
  stats(): AddressPoolStats
  /** Who holds most, at most five. */
  topOwners(): readonly OwnerShare[]
}

interface Quarantined {
  readonly index: number
  readonly owner: string
  readonly untilMs: number
}

const TOP_OWNERS_SHOWN = 5

export function createAddressBook(size: number, quarantineMs: number): AddressBook {
  const taken = new Bitset(size)
  const owners = new Map<number, string>()
  const counts = createOwnerCounts(TOP_OWNERS_SHOWN)
  const quarantine = createQuarantine(taken)
  return {
    taken,
    owners,
    hold: (index, owner) => {
      quarantine.drop(index)
      taken.add(index)
      const before = owners.get(index)
      if (before === owner) return
      if (before !== undefined) counts.remove(before)
      owners.set(index, owner)
      counts.add(owner)
    },
    letGo: (index, nowMs) => {
      const owner = owners.get(index)
      owners.delete(index)
      if (owner !== undefined) counts.remove(owner)
      if (quarantineMs === 0 || owner === undefined) taken.delete(index)
      else quarantine.put({ index, owner, untilMs: nowMs + quarantineMs })
    },
    free: index => {
      const owner = owners.get(index)
      if (owner === undefined) return
      owners.delete(index)
      counts.remove(owner)
      taken.delete(index)
    },
    restore: (index, owner, untilMs) => {
      taken.add(index)
      quarantine.put({ index, owner, untilMs })
    },
    expire: quarantine.expire,
    takeBack: quarantine.takeBack,
    copyTo: book => {
      for (const [index, owner] of owners) book.hold(index, owner)
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

/** Addresses on their way back to being free, in the order of their release. */
interface Quarantine {
  size(): number
  entries(): Iterable<Quarantined>
  put(entry: Quarantined): void
  expire(nowMs: number): void
  /** One of the owner's, its latest first, no longer in quarantine. */
  takeBack(owner: string, fits: (index: number) => boolean): number | undefined
  drop(index: number): void
}

function createQuarantine(taken: Bitset): Quarantine {
  const entries = new Map<number, Quarantined>()
  const ofOwner = new Map<string, number[]>()
  const drop = (index: number): void => {
    const entry = entries.get(index)
    if (entry === undefined) return
    entries.delete(index)
    const left = (ofOwner.get(entry.owner) ?? []).filter(other => other !== index)
    if (left.length === 0) ofOwner.delete(entry.owner)
    else ofOwner.set(entry.owner, left)
  }
  return {
    size: () => entries.size,
    entries: () => entries.values(),
    put: entry => {
      drop(entry.index)
      entries.set(entry.index, entry)
      ofOwner.set(entry.owner, [...(ofOwner.get(entry.owner) ?? []), entry.index])
    },
    expire: nowMs => {
      for (const [index, { untilMs }] of entries) {
        if (untilMs > nowMs) return
        drop(index)
        taken.delete(index)
      }
    },
    takeBack: (owner, fits) => {
      const index = ofOwner.get(owner)?.findLast(fits)
      if (index !== undefined) drop(index)
      return index
    },
    drop,
  }
}
