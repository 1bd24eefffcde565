import type { Ending, User } from '../../world/user.js'
import type { World } from '../../world/world.js'
import type { Monitor } from '../invariant.js'
import type { InvariantName } from '../invariant-name.js'
import {
  noWriteAfterFenceMonitor,
  noWriteAfterStopMonitor,
  noWriteOnStandbyMonitor,
} from './forbidden-writes.js'
import { keepsOthersWritesMonitor } from './keeps-others-writes.js'
import { observedGenerationMonitor } from './observed-generation.js'
import { convergesMonitor, noOrphansMonitor, noStrayWorkMonitor } from './rest-monitors.js'

/** Those generic invariants that are seen in what happens anyway; the first that is broken is reported. */
export function genericMonitors(
  world: World,
  user: User,
  ending: Ending,
): readonly (readonly [InvariantName, Monitor])[] {
  return [
    ['noWriteAfterStop', noWriteAfterStopMonitor(world.stopped)],
    ['noWriteAfterFence', noWriteAfterFenceMonitor()],
    ['noWriteAfterFence', noWriteOnStandbyMonitor(world)],
    ['observedGeneration', observedGenerationMonitor()],
    ['keepsOthersWrites', keepsOthersWritesMonitor(user)],
    ['noStrayWork', noStrayWorkMonitor(world)],
    ['converges', convergesMonitor(world)],
    ['noOrphans', noOrphansMonitor(world, ending)],
  ]
}
