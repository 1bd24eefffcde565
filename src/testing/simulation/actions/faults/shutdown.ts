import { offerEach } from '../../world/action-of.js'
import { stayingProcesses, stopOf } from '../stops.js'
import type { Fault } from './fault.js'

export const shutdown: Fault<'shutdown'> = {
  kind: 'shutdown',
  times: 1,
  says: 'a process is told to stop, as by a signal; when its manager has stopped, it starts again',
  ofSeveral: true,
  offers: ({ world }) =>
    offerEach(stayingProcesses(world), world, process => ({ kind: 'shutdown', ...stopOf(world, process) })),
}
