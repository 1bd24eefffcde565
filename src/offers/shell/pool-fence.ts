import { Lease } from '../../api/index.js'
import { formatTime, isKeelsonError, KeelsonError } from '../../core/index.js'
import { backoffMs } from '../../core/internal.js'
import type { Client, Transaction } from '../../store/index.js'

/** A name that a pool holds, until somebody else takes it. */
export interface HeldName {
  readonly client: Client
  readonly lease: { readonly namespace: string; readonly name: string }
  readonly holder: string
  /** Revision of the commit: whoever has read so far knows what all holders before wrote. */
  readonly revision: number
  /**
   * As that of a client, and checks inside the commit that the name is still held.
   *
   * @throws KeelsonError `Fenced` when it is not
   */
  transact<T>(body: (tx: Transaction) => T): Promise<T>
}

/** Pause after the first failure, and the longest one, in ms. */
const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 10_000

/** Which name is to be held. */
export interface PoolName {
  readonly namespace: string
  readonly pool: string
}

/**
 * Takes the name of a pool over from whoever has it: a Lease, whose holder each transaction of a pool compares with its
 * own, so that whoever held it before cannot write any more. Tried until the store answers.
 *
 * @param isWanted asked after each failure
 * @returns undefined when it is no longer wanted
 */
export async function holdName(
  client: Client,
  of: PoolName,
  isWanted: () => boolean,
): Promise<HeldName | undefined> {
  for (let failures = 1; isWanted(); failures++)
    try {
      return await tryHold(client, of)
    } catch (error) {
      if (!isKeelsonError(error, 'Unavailable', 'Conflict', 'Timeout')) throw error
      await client.env.clock.sleep(backoffMs({ baseMs: RETRY_MS_MIN, maxMs: RETRY_MS_MAX }, failures))
    }
  return undefined
}

async function tryHold(client: Client, of: PoolName): Promise<HeldName> {
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
  return {
    client,
    lease: ref,
    holder: holderIdentity,
    revision: Number(lease.metadata.resourceVersion),
    transact: body =>
      client.transact(tx => {
        const holder = tx.get(Lease, ref)?.spec.holderIdentity
        if (holder !== holderIdentity) throw fenced(ref, holder)
        return body(tx)
      }),
  }
}

function fenced(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  holder: string | undefined,
): KeelsonError {
  return new KeelsonError({
    code: 'Fenced',
    message: `Lease ${namespace}/${name} is held by ${holder ?? 'nobody'}; another pool of the name has started`,
    details: { namespace, name, holder: holder ?? '' },
  })
}
