import type { Fault } from './fault.js'

export const stale: Fault<'stale'> = {
  kind: 'stale',
  times: 1,
  isLeftOut: 'unasked',
  says: 'a process restarts, or starts, at a replica that is behind, see below',
  offers: ({ world }) => {
    const { revision } = world.store
    if (!world.hasStarted) return []
    const marked = world.deletionsBegun.map(({ at, name }) => ({ at, what: `${name} being deleted` }))
    const behind = [revision - 1, ...(world.lacksProcess ? [Math.floor(revision / 2)] : [])]
    const places = new Map(
      [...behind.map(at => ({ at, what: `@${at}` })), ...marked]
        .filter(({ at }) => at > 0)
        .map(({ at, what }) => [at, what]),
    )
    const restarts = world.lacksProcess
      ? [{ actor: 'host', verb: 'start the process', before: () => {} }]
      : world.processes.map(process => ({
          actor: process.name,
          verb: 'restart',
          before: () => world.crash(process),
        }))
    return restarts.flatMap(({ actor, verb, before }) =>
      [...places].map(([at, what]) => ({
        kind: 'stale' as const,
        actor,
        label: `${verb}, at a replica that has come to ${what}`,
        run: () => {
          before()
          world.start(at)
        },
      })),
    )
  },
}
