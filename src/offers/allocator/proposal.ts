import type { Chunk } from '../resources/chunk.js'
import { isOpenTo, ResourceSet } from '../resources/resource-set.js'
import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { Holding } from './holding.js'
import { isBounded, isSharedVolume } from './holding.js'

/** The two stages of a pass: what is guaranteed, then what is shared fairly. */
export type Stage = 'guarantee' | 'share'

/** Reused between proposals, so that looking costs nothing; copied when a grant is made of it. */
const scratch: number[] = []

/**
 * What a client may have of an agent's free resources, before minimum, demand and filters; undefined for nothing.
 *
 * Reservations that are open to the role, ranges, sets and revocables are never bounded. Of unreserved scalars, in
 * the stage of guarantees, the guaranteed part comes first, and there must be one; what is beyond it, and everything
 * in the other stage, stays within the limits of the role and of all above it, and within what is available beyond
 * the room that unmet guarantees need. Devices are had whole or not at all.
 *
 * The result is valid until the next call.
 */
export function propose(
  ledger: Ledger,
  client: Client,
  agent: AgentRecord,
  stage: Stage,
): Holding | undefined {
  const { quota } = ledger
  const { free } = agent
  const node = client.role.quota
  const bounded = !quota.isEmpty
  if (stage === 'guarantee' && !quota.mayBeEntitled(node)) return undefined
  if (scratch.length !== free.length) scratch.length = free.length
  let guaranteed = false
  let some = false
  for (let column = 0; column < free.length; column++) {
    const amount = free[column] as number
    let give = amount
    if (bounded && amount > 0) {
      const limit = quota.roomOf(node, column)
      const entitled = stage === 'guarantee' ? Math.min(amount, limit, quota.entitlementOf(node, column)) : 0
      if (entitled > 0) guaranteed = true
      const room = Math.min(limit - entitled, spareOf(ledger, column))
      give = entitled + Math.max(0, Math.min(amount - entitled, room))
    }
    scratch[column] = give
    if (give > 0) some = true
  }
  if (stage === 'guarantee' && !guaranteed) return undefined
  const special = agent.freeSpecial.isEmpty ? ResourceSet.empty : specialOf(ledger, client, agent, stage)
  if (!some && hasOnlyShared(special)) return undefined
  return { plain: scratch, special }
}

/** Shared volumes can be had by everybody, so they alone are no offer. */
function hasOnlyShared(special: ResourceSet): boolean {
  for (const chunk of special.chunks) if (!isSharedVolume(chunk)) return false
  return true
}

/** What is available of a column beyond the room that unmet guarantees need; infinite when none is unmet. */
export function spareOf({ quota, available }: Ledger, column: number): number {
  const { required } = quota
  if (!quota.holdsBack) return Number.POSITIVE_INFINITY
  return Math.max(0, (available[column] ?? 0) - (required[column] ?? 0))
}

function specialOf(ledger: Ledger, client: Client, agent: AgentRecord, stage: Stage): ResourceSet {
  const { role, framework } = client
  const kept: Chunk[] = []
  const devices: number[] = []
  for (const chunk of agent.freeSpecial.chunks) {
    const { kind } = chunk
    if (kind.revocable === true && !framework.capabilities.has('revocable')) continue
    if (!isOpenTo(kind, role.path)) continue
    const owner = kind.reservations?.at(-1)?.role
    if (stage === 'guarantee' && owner !== undefined && owner !== role.path) continue
    if (isSharedVolume(chunk) && agent.offeredShared.has(chunk.key)) continue
    if (isBounded(chunk) && !ledger.quota.isEmpty && !fitsWhole(ledger, client, chunk, devices)) continue
    kept.push(chunk)
  }
  return kept.length === 0 ? ResourceSet.empty : ResourceSet.ofChunks(kept)
}

/** Whether a device stays within limit and headroom on top of what is proposed; then it counts as proposed too. */
function fitsWhole(
  ledger: Ledger,
  client: Client,
  { kind, value, copies }: Chunk,
  devices: number[],
): boolean {
  const column = ledger.columns.indexOf(kind.name)
  const amount = (devices[column] ?? 0) + (value as number) * copies
  const room = Math.min(ledger.quota.roomOf(client.role.quota, column), spareOf(ledger, column))
  if ((scratch[column] ?? 0) + amount > room) return false
  devices[column] = amount
  return true
}
