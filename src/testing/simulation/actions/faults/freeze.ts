import type { Fault } from './fault.js'

export const freeze: Fault<'freeze'> = {
  kind: 'freeze',
  times: 1,
  says: 'a process hears nothing of some kinds for a while; everything else continues',
  offers: ({ world }) =>
    world.pool
      .waiting()
      .filter(({ about }) => about.kind === 'deliver')
      .map(step => ({
        kind: 'freeze',
        actor: step.process,
        label: `${step.about.label}, held back`,
        run: () => world.pool.hold(step),
      })),
}
