import { offerEach } from '../../world/action-of.js'
import type { Fault } from './fault.js'

export const freeze: Fault<'freeze'> = {
  kind: 'freeze',
  times: 1,
  says: 'a process hears nothing of some kinds for a while; everything else continues',
  offers: ({ world }) =>
    offerEach(world.pool.waitingTo('deliver'), step => ({
      kind: 'freeze',
      actor: step.process,
      label: `${step.about.label}, held back`,
      run: () => world.pool.hold(step),
    })),
}
