import { expect } from 'vitest'
import { Lease } from '../../src/api/index.js'
import type { Candidate, Election } from '../reconcile/election/candidates.js'

interface ElectionStep {
  readonly op: string
  readonly [field: string]: unknown
}

/** The operations of the area `election`, over candidates in processes of their own. */
export function performElection(election: Election, step: ElectionStep): unknown {
  const id = String(step['id'])
  switch (step.op) {
    case 'elector': {
      const [leaseDurationMs, renewDeadlineMs, retryPeriodMs] = [
        step['leaseMs'],
        step['renewMs'],
        step['retryMs'],
      ] as (number | undefined)[]
      return election.join(id, {
        ...(leaseDurationMs === undefined ? {} : { leaseDurationMs }),
        ...(renewDeadlineMs === undefined ? {} : { renewDeadlineMs }),
        ...(retryPeriodMs === undefined ? {} : { retryPeriodMs }),
      })
    }
    case 'settle':
      return election.env.settle()
    case 'killElector':
      return candidate(election, id).env.close()
    case 'stopElector':
      return election.env.run(() => candidate(election, id).elector.stop())
    case 'partitionElector':
      candidate(election, id).isPartitioned = true
      return undefined
    case 'term':
      return candidate(election, id).leadership?.fence
    case 'isLeading':
      return expect(election.leaders().includes(id)).toBe(step['expect'])
    case 'leader': {
      const { spec } = election.store.get(Lease, { namespace: 'default', name: 'boss' }) ?? {}
      return { holder: spec?.holderIdentity, transitions: spec?.leaseTransitions }
    }
    case 'assertNeverTwoLeaders':
      return expect(election.overlaps).toEqual([])
    default:
      throw new Error(`no runner knows the operation ${step.op}`)
  }
}

function candidate({ candidates }: Election, id: string): Candidate {
  const found = candidates.get(id)
  if (found === undefined) throw new Error(`there is no candidate ${id}`)
  return found
}
