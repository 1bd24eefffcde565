import { Bitset, compareText } from '../../core/internal.js'
import type { AddressPoolStats, OwnerShare } from './address-errors.js'

/** Who holds which number, and which numbers are in quarantine after their release. */
export interface AddressBook {
  /** Held numbers and those in quarantine. */
  readonly taken: Bitset
  readonly owners: ReadonlyMap<number, string>
  hold(index: number, owner: string): void
  letGo(index: number, nowMs: number): void
  /** Frees the numbers whose quarantine is over. */
  expire(nowMs: number): void
  /** The number that the owner released last, while it is in quarantine; takes it out. */
  takeBack(owner: string): number | undefined
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
  const quarantine = createQuarantine(taken)
  return {
    taken,
    owners,
    hold: (index, owner) => {
      quarantine.drop(index)
      taken.add(index)
      owners.set(index, owner)
    },
    letGo: (index, nowMs) => {
      const owner = owners.get(index)
      owners.delete(index)
      if (quarantineMs === 0 || owner === undefined) taken.delete(index)
      else quarantine.put({ index, owner, untilMs: nowMs + quarantineMs })
    },
    expire: quarantine.expire,
    takeBack: quarantine.takeBack,
    stats: () => {
      const quarantined = quarantine.size
      return { capacity: size, used: taken.count - quarantined, quarantined, free: size - taken.count }
    },
    topOwners: () => topOwners(owners),
  }
}

/** Addresses on their way back to being free, in the order of their release. */
interface Quarantine {
  readonly size: number
  put(entry: Quarantined): void
  expire(nowMs: number): void
  /** The owner's latest, no longer in quarantine. */
  takeBack(owner: string): number | undefined
  drop(index: number): void
}

function createQuarantine(taken: Bitset): Quarantine {
  const entries = new Map<number, Quarantined>()
  const latest = new Map<string, number>()
  const drop = (index: number): void => {
    const entry = entries.get(index)
    if (entry === undefined) return
    entries.delete(index)
    if (latest.get(entry.owner) === index) latest.delete(entry.owner)
  }
  return {
    get size() {
      return entries.size
    },
    put: entry => {
      entries.set(entry.index, entry)
      latest.set(entry.owner, entry.index)
    },
    expire: nowMs => {
      for (const [index, { untilMs }] of entries) {
        if (untilMs > nowMs) return
        drop(index)
        taken.delete(index)
      }
    },
    takeBack: owner => {
      const index = latest.get(owner)
      if (index !== undefined) drop(index)
      return index
    },
    drop,
  }
}

function topOwners(owners: ReadonlyMap<number, string>): readonly OwnerShare[] {
  const counts = new Map<string, number>()
  for (const owner of owners.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const shares = [...counts].map(([owner, count]) => ({ owner, count }))
  return shares.sort((a, b) => b.count - a.count || compareText(a.owner, b.owner)).slice(0, TOP_OWNERS_SHOWN)
}
