import type { Engine } from '../engine/engine.js'
import { LifetimeKeeper } from '../lifetime/lifetime-keeper.js'
import { StateHash } from '../read/state-hash.js'
import { deleteEntries } from '../transaction/delete-entries.js'
import type { WriteTarget } from '../write/write-site.js'
import { DirectSite } from '../write/write-site.js'

/** What a store is put together from. */
export interface StoreParts extends WriteTarget {
  readonly lifetimes: LifetimeKeeper
  readonly hashes: StateHash
  /** For writes that say nothing about themselves: those inside the call, and those that were captured before. */
  readonly site: DirectSite
  readonly capturedSite: DirectSite
}

/** The parts that are kept beside an engine; one of each. */
export function storeParts(engine: Engine): StoreParts {
  const hashes = new StateHash({ log: engine.log, tables: engine.tables.all })
  const lifetimes = new LifetimeKeeper(engine, (entries, cause) =>
    deleteEntries({ engine, lifetimes }, entries, cause),
  )
  const target = { engine, lifetimes }
  const capturedSite = new DirectSite(target, { isCaptured: true })
  return { engine, lifetimes, hashes, site: new DirectSite(target), capturedSite }
}
