import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** A process that is to start again may see things as they were before the last write, or half of all writes ago. */
export function lateStarts({ world }: Situation): readonly Action[] {
  const { revision } = world.store
  if (!world.lacksProcess || !world.hasStarted) return []
  return [...new Set([revision - 1, Math.floor(revision / 2)])]
    .filter(at => at > 0)
    .map(at => ({
      kind: 'stale',
      actor: 'host',
      label: `start the process, at a replica that has come to @${at}`,
      run: () => world.start(at),
    }))
}
