import type { BalancePolicy, Random } from '../../core/index.js'
import type { Balancer } from './balancer.js'
import { createLeastConnections } from './least-connections.js'
import { createMaglev } from './maglev.js'
import { createPeakEwma } from './peak-ewma.js'
import { createPowerOfTwo, createRandomChoice } from './random-choice.js'
import { createRendezvous } from './rendezvous.js'
import { createRingHash } from './ring-hash.js'
import { createRoundRobin } from './round-robin.js'

export type { BalancePolicy } from '../../core/index.js'

const makers: Readonly<Record<BalancePolicy, (random: Random) => Balancer>> = {
  'round-robin': () => createRoundRobin(),
  'least-connections': () => createLeastConnections(),
  random: random => createRandomChoice(random),
  'power-of-two': random => createPowerOfTwo(random),
  'peak-ewma': random => createPeakEwma(random),
  'ring-hash': () => createRingHash(),
  maglev: () => createMaglev(),
  rendezvous: () => createRendezvous(),
}

/** The balancer of a policy, without candidates yet. */
export function createBalancer(policy: BalancePolicy, random: Random): Balancer {
  return makers[policy](random)
}
