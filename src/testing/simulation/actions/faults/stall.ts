import type { Fault } from './fault.js'

export const stall: Fault<'stall'> = {
  kind: 'stall',
  times: 1,
  says: 'the event loop of a process stands still for 30 s, or twice the longest lease; then its steps and timers run late',
  ofSeveral: true,
  isRare: true,
  // Long enough for others to take what a process holds that has a write under way; of any process, where nothing
  // happens.
  offers: ({ world, isBusy }) => {
    const ms = world.outlastingMs()
    const steps = world.steps()
    return world.processes
      .filter(({ name, stalledUntilMs }) => {
        const isWriting = steps.some(({ process, about }) => process === name && about.kind === 'commit')
        return stalledUntilMs === undefined && (isWriting || !isBusy)
      })
      .map(process => ({
        kind: 'stall',
        actor: process.name,
        label: `its event loop stands still for ${ms / 1000} s`,
        run: () => world.stall(process, ms),
      }))
  },
}
