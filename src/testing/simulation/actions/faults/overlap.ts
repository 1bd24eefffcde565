import { offerEach } from '../../world/action-of.js'
import { stayingProcesses } from '../stops.js'
import type { Fault } from './fault.js'

export const overlap: Fault<'overlap'> = {
  kind: 'overlap',
  times: 1,
  says: 'a rolling replacement: a new process starts before the old one is told to stop',
  offers: ({ world }) =>
    world.instances < 2
      ? []
      : offerEach(stayingProcesses(world), world, process => ({
          kind: 'overlap',
          actor: 'host',
          label: `start the process that will replace ${process.name}`,
          run: () => world.replace(process),
        })),
}
