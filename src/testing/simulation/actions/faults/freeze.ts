import type { ActionOf } from '../../world/action-of.js'
import { offerEach } from '../../world/action-of.js'
import type { PooledStep } from '../../world/step-pool.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

export const freeze: Fault<'freeze'> = {
  kind: 'freeze',
  times: 1,
  says: 'a process hears nothing of some kinds for a while; everything else continues',
  offers: ({ world }) => offerEach(world.pool.waitingTo('deliver'), world, holding),
}

function holding(step: PooledStep, { pool }: World): ActionOf<'freeze'> {
  const { process, about } = step
  return { kind: 'freeze', actor: process, label: `${about.label}, held back`, run: () => pool.hold(step) }
}
