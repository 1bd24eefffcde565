import type { SoaRecord } from '../dns/dns-record.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'

/** The SOA record of a zone, the same object for all answers of one revision. */
export type ZoneSoa = (snapshot: RegistrySnapshot) => SoaRecord

/** The serial is the registry's revision, so a zone that changed has a larger one. */
export function zoneSoa(fields: Omit<SoaRecord, 'type' | 'serial'>): ZoneSoa {
  let last: SoaRecord = { type: 'SOA', ...fields, serial: 0 }
  return ({ revision }) => {
    const serial = revision % 2 ** 32
    if (last.serial !== serial) last = { ...last, serial }
    return last
  }
}
