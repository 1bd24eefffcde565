import type { Fault } from './fault.js'

export const skew: Fault<'skew'> = {
  kind: 'skew',
  times: 1,
  says: 'the wall clock of a process jumps 30 s, or twice the longest lease, forward or back; the monotonic one does not',
  ofSeveral: true,
  offers: ({ world }) => {
    const ms = world.outlastingMs()
    return world.processes.flatMap(process =>
      [ms, -ms].map(aheadMs => ({
        kind: 'skew' as const,
        actor: process.name,
        label: `its clock jumps ${ms / 1000} s ${aheadMs > 0 ? 'ahead' : 'back'}`,
        run: () => world.clock.setAhead(process.name, aheadMs),
      })),
    )
  },
}
