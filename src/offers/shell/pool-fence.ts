import { Lease } from '../../api/index.js'
import { formatTime } from '../../core/index.js'
import type { Client } from '../../store/index.js'

/** A client that only the newest holder of a name can write with, and what it holds. */
export interface HeldName {
  readonly client: Client
  readonly lease: { readonly namespace: string; readonly name: string }
  readonly resourceVersion: string
  /** Revision of the commit: whoever has read so far knows what all holders before wrote. */
  readonly revision: number
}

/**
 * Takes the name of a pool over from whoever has it. It is a Lease that only this writes, so that its resourceVersion is
 * a term: whoever held it before cannot write any more.
 */
export async function holdName(
  client: Client,
  of: { readonly namespace: string; readonly pool: string },
): Promise<HeldName> {
  const { env } = client
  const ref = { namespace: of.namespace, name: `offers-${of.pool}` }
  const holderIdentity = `${env.process}-${env.ids.next('pool')}`
  const acquireTime = formatTime(env.clock.now())
  const lease = await client.transact(tx => {
    const before = tx.get(Lease, ref)
    const { leaseTransitions = 0 } = before?.spec ?? {}
    if (before === undefined)
      return tx.create(Lease, {
        metadata: ref,
        spec: { holderIdentity, acquireTime, leaseTransitions: 1 },
      })
    return tx.modify(Lease, ref, draft => {
      draft.spec = { holderIdentity, acquireTime, leaseTransitions: leaseTransitions + 1 }
    })
  })
  const { resourceVersion } = lease.metadata
  const fence = { kind: Lease, ref, resourceVersion }
  const revision = Number(resourceVersion)
  return { client: client.client(env, { fence }), lease: ref, resourceVersion, revision }
}
