import { type Ending, nameOf } from '../../world/user.js'
import type { World } from '../../world/world.js'
import type { Monitor } from '../invariant.js'

/** Nobody waits for what cannot come. */
export function noStrayWorkMonitor(world: World): Monitor {
  return {
    rest: () => {
      const waiting = statuses(world).find(({ inFlight }) => inFlight > 0)
      return (
        waiting &&
        `an attempt of ${waiting.name} waits for something that is not of its env: a timer, a socket, or a promise that nobody settles`
      )
    },
  }
}

/** Nothing fails for ever, and nothing is held for ever. Where it rests is compared elsewhere. */
export function convergesMonitor(world: World): Monitor {
  return {
    rest: () => {
      const failing = statuses(world).find(({ failures }) => failures > 0)
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
      const left = [...world.objects().map(nameOf), ...[...world.outside.keys()].map(key => `outside ${key}`)]
      return left.length === 0 ? undefined : `every given object was deleted; left over: ${left.join(', ')}`
    },
  }
}

function statuses(world: World): ReturnType<World['processes'][number]['manager']['status']>['controllers'] {
  return world.processes.flatMap(({ manager }) => manager.status().controllers)
}

function lastError({ logs }: World): string {
  const last = logs.lines.findLast(({ level }) => level === 'error')
  if (last === undefined) return ''
  const { err } = last.fields
  return `; last error: ${err instanceof Error ? err.message : last.message}`
}
