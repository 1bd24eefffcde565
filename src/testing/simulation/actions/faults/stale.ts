import type { Fault } from './fault.js'

export const stale: Fault<'stale'> = {
  kind: 'stale',
  times: 0,
  says: 'a process restarts at a replica that is behind, see below',
  offers: ({ world }) => {
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
  },
}
