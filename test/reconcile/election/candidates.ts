import { Lease } from '../../../src/api/index.js'
import type { Env } from '../../../src/core/index.js'
import type { ElectionListener } from '../../../src/reconcile/election/elector-contract.js'
import type { Elector, LeaderElectionOptions, Leadership } from '../../../src/reconcile/index.js'
import { createElector } from '../../../src/reconcile/index.js'
import type { Client, Kind, Store } from '../../../src/store/index.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'

/** What leaders write, so that tests can tell whose write came when. */
export const Entry: Kind<{ readonly term: number; readonly by: string }> = kindOf('Entry', {
  namespaced: false,
})

export interface Candidate {
  readonly id: string
  readonly env: Env
  readonly elector: Elector
  /** What it was told: `leads 1`, `drain`, `stopped: why`. */
  readonly events: string[]
  /** The last leadership that it was given, even if it is over. */
  leadership: Leadership | undefined
  isPartitioned: boolean
}

export interface Election {
  readonly env: VirtualEnv
  readonly store: Store
  readonly candidates: Map<string, Candidate>
  join(id: string, options?: Partial<LeaderElectionOptions>, listener?: Partial<ElectionListener>): Candidate
  leaders(): readonly string[]
  /** Who led already when somebody began to lead; must stay empty. */
  readonly overlaps: readonly string[]
}

export function openElection(seed: number = 1): Election {
  const { env, store } = createWorld({ kinds: [Lease, Entry], seed })
  return electionIn(env, store)
}

export function electionIn(env: VirtualEnv, store: Store): Election {
  const candidates = new Map<string, Candidate>()
  const overlaps: string[] = []
  const leaders = (): readonly string[] =>
    [...candidates.values()]
      .filter(({ elector, env: own }) => !own.closed && elector.leadership !== undefined)
      .map(({ id }) => id)
  return {
    env,
    store,
    candidates,
    join(id, options = {}, listener = {}) {
      const processEnv = env.fork(id)
      const events: string[] = []
      const client = partitionable(store.client(processEnv), () => candidate.isPartitioned)
      const told: ElectionListener = {
        leads(leadership) {
          candidate.leadership = leadership
          events.push(`leads ${leadership.term}`)
          overlaps.push(...leaders().filter(other => other !== id))
          listener.leads?.(leadership)
        },
        async drain(leadership) {
          events.push('drain')
          await listener.drain?.(leadership)
        },
        async stopped(why) {
          events.push(`stopped: ${why}`)
          await listener.stopped?.(why)
        },
      }
      const elector = createElector(client, { kind: Lease, lease: 'boss', identity: id, ...options }, told)
      const candidate: Candidate = {
        id,
        env: processEnv,
        elector,
        events,
        leadership: undefined,
        isPartitioned: false,
      }
      candidates.set(id, candidate)
      void elector.start()
      return candidate
    },
    leaders,
    overlaps,
  }
}

/** A client that reaches nothing while `isCut`: reads fail, writes never end. */
function partitionable(client: Client, isCut: () => boolean): Client {
  return new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      if (property === 'client')
        return (...args: Parameters<Client['client']>) => partitionable(target.client(...args), isCut)
      return (...args: unknown[]) => {
        if (!isCut() || property === 'watch') return Reflect.apply(value, target, args)
        if (property === 'get' || property === 'list') throw new Error('no answer')
        return new Promise(() => {})
      }
    },
  })
}
