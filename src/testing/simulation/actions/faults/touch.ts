import type { Fault } from './fault.js'

export const touch: Fault<'touch'> = {
  kind: 'touch',
  times: 2,
  says: 'a stranger annotates an object, most likely one that is about to be written',
  offers: ({ world, user }) => user.touchings(world.keysUnderWay()),
}
