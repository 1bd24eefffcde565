import { findCondition, Service } from '../../api/index.js'
import type { KeelsonError } from '../../core/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import type { ReconcileContext } from '../../reconcile/index.js'
import type { ObjectRef } from '../../store/index.js'

/** A condition of services that says whether they got what they want from a pool. */
export interface AllocationCondition {
  readonly type: string
  /** Said when all is well. */
  readonly message: string
  /** Reasons by code of error. */
  readonly reasons: Readonly<Record<string, string>>
}

/** Says how an allocation went; an error is why it is not there. */
export async function reportAllocation(
  { client, env }: Pick<ReconcileContext, 'client' | 'env'>,
  key: ObjectRef,
  { type, message, reasons }: AllocationCondition,
  error: KeelsonError | undefined,
): Promise<void> {
  const before = client.get(Service, key)?.status?.conditions
  const verdict =
    error === undefined
      ? { status: 'True' as const, reason: 'Allocated', message }
      : { status: 'False' as const, reason: reasons[error.code] ?? error.code, message: error.message }
  const after = setCondition(before, { type, ...verdict }, formatTime(env.clock.now()))
  if (after === before) return
  await client.modifyStatus(Service, key, draft => {
    draft.status = { ...draft.status, conditions: after.map(condition => ({ ...condition })) }
  })
}

/** A service that wants nothing of a pool has no word about it. */
export async function withdrawAllocation(
  { client }: Pick<ReconcileContext, 'client'>,
  key: ObjectRef,
  { type }: AllocationCondition,
): Promise<void> {
  const service = client.get(Service, key)
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return
  if (findCondition(service.status?.conditions, type) === undefined) return
  await client.modifyStatus(Service, key, draft => {
    const conditions = (draft.status?.conditions ?? []).filter(condition => condition.type !== type)
    draft.status = { ...draft.status, conditions }
  })
}
