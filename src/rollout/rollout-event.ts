import type { RolloutAction } from './machine.js'

/** What people are told of an action; the input of a recorder, without the object. */
export interface RolloutEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

/** The event of one action; a superseded entry is no news. `ScalingReplicaSet` is Kubernetes' word. */
export function rolloutEvent(action: RolloutAction, deployment: string): RolloutEvent | undefined {
  switch (action.op) {
    case 'size': {
      const note = `scaled replica set ${deployment}-${action.template} to ${action.size}`
      return { type: 'Normal', reason: 'ScalingReplicaSet', note }
    }
    case 'route': {
      const shares = action.weights.map(({ template, weight }) => `${template} ${weight}`).join(', ')
      return { type: 'Normal', reason: 'TrafficRouted', note: `divided the traffic: ${shares}` }
    }
    case 'revert': {
      const note = `went back to template ${action.template} as revision ${action.entry}`
      return { type: 'Warning', reason: 'RolloutReverted', note }
    }
    case 'outcome': {
      if (action.outcome === 'superseded') return undefined
      if (action.outcome === 'succeeded')
        return { type: 'Normal', reason: 'RolloutSucceeded', note: `revision ${action.entry} is rolled out` }
      const why = action.cause === undefined ? '' : `: ${action.cause}`
      return { type: 'Warning', reason: 'RolloutFailed', note: `revision ${action.entry} failed${why}` }
    }
  }
}
