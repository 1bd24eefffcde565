import { Role } from '../../api/index.js'
import { formatTime, isKeelsonError, setCondition } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import type { Quota } from '../allocator/allocator-event.js'
import type { PoolCore } from '../pool/pool-core.js'
import { setQuotas } from '../pool/set-quotas.js'
import type { HeldName } from './pool-fence.js'

/** Whether an object of a role counts, and why not. */
export interface RoleVerdict {
  readonly accepted: boolean
  readonly reason: string
  readonly message: string
}

const ACCEPTED: RoleVerdict = { accepted: true, reason: 'Accepted', message: 'counts as it is' }

/** Weights and quotas of a pool, as the objects of roles say. */
export class RoleObjects {
  readonly #core: PoolCore
  #weights = new Set<string>()

  constructor(core: PoolCore) {
    this.#core = core
  }

  /**
   * Makes weights and quotas those of the objects. Of two for one role the lower name counts, and one that contradicts
   * those before it does not.
   *
   * @returns a verdict for each object, by name
   */
  apply(roles: readonly Role[]): ReadonlyMap<string, RoleVerdict> {
    const verdicts = new Map<string, RoleVerdict>()
    const taken = new Set<string>()
    const weights = new Set<string>()
    const absent = Object.fromEntries([...this.#core.allocator.quotas().keys()].map(role => [role, {}]))
    setQuotas(this.#core, absent, true)
    for (const role of [...roles].sort((a, b) => compareText(a.metadata.name, b.metadata.name))) {
      const path = role.spec.role ?? role.metadata.name
      const verdict = taken.has(path)
        ? refused('Duplicate', `another Role says what ${path} gets`)
        : this.#applyOne(path, role)
      if (verdict.accepted) taken.add(path)
      if (verdict.accepted && role.spec.weight !== undefined) weights.add(path)
      verdicts.set(role.metadata.name, verdict)
    }
    for (const path of this.#weights) if (!weights.has(path)) this.#weigh(path, 1)
    this.#weights = weights
    return verdicts
  }

  #applyOne(path: string, { spec }: Role): RoleVerdict {
    const { weight, guarantees, limits, lendingLimits } = spec
    const quota: Quota = {
      ...(guarantees === undefined ? {} : { guarantees }),
      ...(limits === undefined ? {} : { limits }),
      ...(lendingLimits === undefined ? {} : { lendingLimits }),
    }
    try {
      const warnings = setQuotas(this.#core, { [path]: quota }, true)
      if (weight !== undefined) this.#weigh(path, weight)
      const [warning] = warnings.filter(({ params }) => (guarantees?.[String(params?.['resource'])] ?? 0) > 0)
      return warning === undefined
        ? ACCEPTED
        : { accepted: true, reason: 'GuaranteeUnmet', message: warning.message }
    } catch (error) {
      if (!isKeelsonError(error, 'Invalid')) throw error
      return refused('Invalid', error.message)
    }
  }

  #weigh(role: string, weight: number): void {
    this.#core.allocator.apply({ type: 'weight', role, weight })
    this.#core.requestPass()
  }
}

/** Writes a verdict as the condition `Accepted`. */
export async function writeVerdict(held: HeldName, name: string, verdict: RoleVerdict): Promise<void> {
  const { accepted, reason, message } = verdict
  const now = formatTime(held.client.env.clock.now())
  await held.transact(tx => {
    const role = tx.get(Role, { name })
    if (role === undefined) return
    const { generation } = role.metadata
    const status = accepted ? 'True' : 'False'
    const condition = { type: 'Accepted', status, reason, message, observedGeneration: generation } as const
    const conditions = setCondition(role.status?.conditions, condition, now)
    if (conditions !== role.status?.conditions) tx.updateStatus(Role, { ...role, status: { conditions } })
  })
}

function refused(reason: string, message: string): RoleVerdict {
  return { accepted: false, reason, message }
}
