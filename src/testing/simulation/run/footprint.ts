import type { World } from '../world/world.js'

/** What is waiting in a world, by what it is. */
export type Footprint = ReadonlyMap<string, number>

/** Counts what processes have waiting. */
export function footprint({ processes, clock, pool, watches }: World): Footprint {
  const counts = new Map<string, number>()
  const add = (what: string, count: number): void => {
    counts.set(what, (counts.get(what) ?? 0) + count)
  }
  for (const { name, manager } of processes) {
    for (const { queued, inFlight, delayed, quarantined, ...controller } of manager.status().controllers) {
      add(`keys that ${controller.name} has queued`, queued + inFlight)
      add(`keys that ${controller.name} looks at later`, delayed)
      add(`keys that ${controller.name} has in quarantine`, quarantined.length)
    }
    add(`open watches of ${name}`, watches.get(name)?.list().length ?? 0)
    add(`timers of ${name}`, clock.pending().filter(({ process }) => process === name).length)
    for (const { process, about } of pool.waiting())
      if (process === name) add(`steps of ${name} (${about.label})`, 1)
  }
  return counts
}

/** What is more in each of them than in the one before. */
export function grows(footprints: readonly Footprint[]): string | undefined {
  const [first] = footprints
  for (const what of first?.keys() ?? []) {
    const counts = footprints.map(counted => counted.get(what) ?? 0)
    if (counts.every((count, at) => at === 0 || count > (counts[at - 1] as number)))
      return `each time that nothing has happened there are more ${what}: ${counts.join(', ')}`
  }
  return undefined
}
