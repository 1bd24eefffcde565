import { Framework } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import type { ObjectInput } from '../../store/index.js'
import type { FrameworkEntry, FrameworkIdentity } from '../pool/framework-record.js'
import type { PoolCore } from '../pool/pool-core.js'
import type { HeldName } from './pool-fence.js'
import { POOL_LABEL } from './pool-task.js'

type FrameworkInput = ObjectInput<Framework['spec'], NonNullable<Framework['status']>>

/** The object of a framework of a pool. */
export function frameworkObject(entry: FrameworkEntry, pool: string): FrameworkInput {
  const { id, name, roles, capabilities, uses, principal, failoverMs } = entry
  return {
    metadata: { name: id, labels: { [POOL_LABEL]: pool } },
    spec: {
      displayName: name,
      roles: roles.map(({ role }) => role),
      capabilities,
      uses,
      ...(principal === undefined ? {} : { principal }),
      failoverMs,
    },
  }
}

/** What an object says of a framework. */
export function identityOf({ metadata, spec }: Framework): FrameworkIdentity {
  return {
    id: metadata.name,
    name: spec.displayName ?? metadata.name,
    principal: spec.principal,
    failoverMs: spec.failoverMs,
    roles: spec.roles.map(role => ({ role })),
    capabilities: spec.capabilities ?? [],
    uses: spec.uses ?? [],
  }
}

/** Since when a framework is away; a pool that died while it was connected learns of it only now. */
export function awaySinceMs({ status }: Framework, nowMs: number): number {
  if (status?.connected !== false || status.disconnectTime === undefined) return nowMs
  return Math.min(nowMs, parseTime(status.disconnectTime))
}

/** Writes how a framework stands, or deletes the object of one that is gone. */
export async function writeFramework(
  held: HeldName,
  core: PoolCore,
  { id, pool }: { readonly id: string; readonly pool: string },
): Promise<void> {
  const entry = core.frameworks.get(id)
  const ref = { name: id }
  await held.transact(tx => {
    const before = tx.get(Framework, ref)
    if (entry === undefined) {
      if (before !== undefined && core.tasks.countOf(id) === 0) tx.delete(Framework, ref)
      return
    }
    const { spec } = frameworkObject(entry, pool)
    if (before === undefined) tx.create(Framework, frameworkObject(entry, pool))
    else tx.update(Framework, { ...before, spec })
    const now = tx.get(Framework, ref)
    if (now !== undefined) tx.updateStatus(Framework, { ...now, status: statusOf(core, entry) })
  })
}

function statusOf(core: PoolCore, entry: FrameworkEntry): NonNullable<Framework['status']> {
  const grants = core.allocator.grantsOf(entry.id)
  const { disconnectedAtMs } = entry
  return disconnectedAtMs === undefined
    ? { connected: true, grants }
    : { connected: false, disconnectTime: formatTime(disconnectedAtMs), grants }
}
