import { changesBeyondElections } from '../../objects/election-objects.js'
import type { World } from '../../world/world.js'
import type { Monitor } from '../invariant.js'

/** A process all of whose parts need leadership writes nothing while another one leads. */
export function noWriteOnStandbyMonitor(world: Pick<World, 'processes'>): Monitor {
  return {
    step: ({ changes, step }) => {
      const { processes } = world
      const writer = processes.find(({ name }) => name === step.actor)
      if (writer === undefined || processes.length < 2 || !changesBeyondElections(changes)) return undefined
      // One that stands still cannot be asked whether it leads.
      const leader = processes.find(
        ({ manager, stalledUntilMs }) =>
          stalledUntilMs === undefined && manager.status().election?.leading === true,
      )
      if (leader === undefined || leader === writer || !writer.manager.status().standby) return undefined
      return `${step.actor} does not lead any more, ${leader.name} does, and yet ${step.actor} writes: ${step.label}`
    },
  }
}
