import type { FairNode } from '../../core/internal.js'
import type { Quantities } from '../resources/quantities.js'
import type { Ledger } from './allocation-ledger.js'
import type { Client, Member } from './allocation-records.js'
import { timesContained } from './columns.js'
import { isWanting, openAmounts } from './subscription.js'

/** How a role or a framework stands. */
export interface AuditEntry {
  /** The role; of a framework, its role and id. */
  readonly path: string
  readonly kind: 'role' | 'framework'
  /** Id, of a framework. */
  readonly framework?: string
  readonly weight: number
  /** Dominant share divided by the weight. */
  readonly share: number
  readonly dominant: string | undefined
  /** How many grants it got so far: of equal shares the one with fewer comes first. */
  readonly grants: number
  /** All that it has, offered or in use. */
  readonly used: Quantities
  /** What is missing to its guarantee. */
  readonly unmetGuarantee: Quantities
  /** What it asks for and no open offer holds. */
  readonly waiting: Quantities
  /** Frameworks whose resources, scaled by the weights, could run more of its tasks than its own. */
  readonly envies: readonly string[]
}

/** Roles and frameworks in the order of their paths. O(clients²) where clients have demand. */
export function auditOf(ledger: Ledger): readonly AuditEntry[] {
  ledger.tree.settle()
  const clients = [...ledger.frameworks.values()].flatMap(framework => [...framework.clients.values()])
  const roles = [...ledger.roles.values()].map((role): AuditEntry => {
    const { bounds, consumed } = role.quota
    const unmet = (bounds.guarantee ?? []).map((amount, column) => amount - (consumed[column] ?? 0))
    const unmetGuarantee = ledger.columns.quantitiesOf(unmet)
    return {
      ...entryOf(ledger, role.group),
      path: role.path,
      kind: 'role',
      unmetGuarantee,
      waiting: {},
      envies: [],
    }
  })
  const frameworks = clients.map((client): AuditEntry => {
    const waiting = ledger.columns.quantitiesOf(openAmounts(client))
    const envies = clients.filter(other => isEnvious(client, other)).map(pathOf)
    return {
      ...entryOf(ledger, client.leaf),
      path: pathOf(client),
      kind: 'framework',
      framework: client.framework.id,
      unmetGuarantee: {},
      waiting,
      envies: envies.sort(),
    }
  })
  return [...roles, ...frameworks].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function entryOf(
  { columns }: Ledger,
  node: FairNode<Member>,
): Pick<AuditEntry, 'weight' | 'share' | 'dominant' | 'grants' | 'used'> {
  const { weight, share, dominant, count: grants, used } = node
  return {
    weight: weight / 1000,
    share,
    dominant: columns.names[dominant],
    grants,
    used: columns.quantitiesOf(used),
  }
}

function pathOf({ role, framework }: Client): string {
  return `${role.path}/${framework.id}`
}

function isEnvious(client: Client, other: Client): boolean {
  const [line] = client.demand ?? []
  if (line === undefined || client === other || !isWanting(client)) return false
  const factor = client.role.group.weight / other.role.group.weight
  const theirs = other.leaf.used.map(amount => amount * factor)
  return timesContained(theirs, line.shape) > timesContained(client.leaf.used, line.shape)
}
