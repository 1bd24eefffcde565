import { isKeelsonError } from '../../../../core/index.js'
import type { ControllerStatus } from '../../../../reconcile/index.js'
import { entrySuffix } from '../../../guard/stack-frames.js'
import { isElectionRecord } from '../../objects/election-objects.js'
import { nameOf } from '../../objects/object-names.js'
import type { SimulatedProcess } from '../../world/simulated-process.js'
import type { Ending } from '../../world/user.js'
import type { World } from '../../world/world.js'
import type { Monitor } from '../invariant.js'

/** No attempt and no stop waits for what cannot come. */
export function noStrayWorkMonitor(world: World): Monitor {
  return {
    rest: () => {
      const stopping = world.processes.find(({ isStopping, name }) => isStopping && !world.stopped.has(name))
      if (stopping !== undefined) return `${stopping.name} was told to stop, and does not`
      const waiting = statuses(world.processes).find(({ inFlight }) => inFlight > 0)
      return (
        waiting &&
        `an attempt of ${waiting.name} waits for something that is not of its env: a timer, a socket, or a promise that nobody settles`
      )
    },
  }
}

/** No key keeps failing, and no finalizer holds an object. Where it rests is compared elsewhere. */
export function convergesMonitor(world: World): Monitor {
  return {
    rest: () => {
      if (world.isLeaderless) return `processes elect a leader, and nobody comes to lead${lastError(world)}`
      // What a process on standby says of failures is from before it lost the leadership.
      const active = world.processes.filter(({ manager }) => !manager.status().standby)
      const failing = statuses(active).find(({ failures }) => failures > 0)
      if (failing !== undefined)
        return `${failing.failures} keys of ${failing.name} fail for ever${lastError(world)}`
      const held = world.objects().find(({ metadata }) => metadata.deletionTimestamp !== undefined)
      return (
        held &&
        `${nameOf(held)} is never gone: ${held.metadata.finalizers.join(', ')} holds it${lastError(world)}`
      )
    },
  }
}

export function noOrphansMonitor(world: World, ending: Ending): Monitor {
  if (ending === 'kept') return {}
  return {
    rest: () => {
      const objects = world.objects().filter(object => !isElectionRecord(object))
      const left = [...objects.map(nameOf), ...[...world.outside.keys()].map(key => `outside ${key}`)]
      return left.length === 0 ? undefined : `every given object was deleted; left over: ${left.join(', ')}`
    },
  }
}

function statuses(processes: readonly SimulatedProcess[]): readonly ControllerStatus[] {
  return processes.flatMap(({ manager }) => manager.status().controllers)
}

/** The cause, where there is one besides the faults of this simulation. */
function lastError({ logs }: World): string {
  const errors = logs.lines.filter(({ level }) => level === 'error')
  const last = errors.findLast(({ fields }) => !isInjected(fields['err'])) ?? errors.at(-1)
  if (last === undefined) return ''
  const { err } = last.fields
  return `; last error: ${err instanceof Error ? `${err.message}${entrySuffix(err)}` : last.message}`
}

function isInjected(error: unknown): boolean {
  return isKeelsonError(error, 'Unavailable')
}
