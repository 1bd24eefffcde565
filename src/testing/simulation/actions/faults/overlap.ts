import { stayingProcesses } from '../stops.js'
import type { Fault } from './fault.js'

export const overlap: Fault<'overlap'> = {
  kind: 'overlap',
  times: 1,
  says: 'of several processes, one is replaced: another starts first, and the old one is told to stop later',
  offers: ({ world }) =>
    world.instances < 2
      ? []
      : stayingProcesses(world).map(process => ({
          kind: 'overlap',
          actor: 'host',
          label: `start the process that will replace ${process.name}`,
          run: () => world.replace(process),
        })),
}
