import type { FieldProblem } from '../errors.js'
import { InvalidError, KeelsonError } from '../errors.js'
import type { ResourceVector } from '../resources/resources.js'

/** One queue, or a group of such, in a tree of quotas. Amounts in base units. */
export interface QuotaDefinition {
  /** Unique within the tree. */
  readonly name: string
  /** The group that it lends to and borrows from. Default: none, it is a root. */
  readonly parent?: string
  /** What is its own. Default: nothing. */
  readonly guarantee?: ResourceVector
  /** How much of its own others may use. Default: all of it. */
  readonly lendingLimit?: ResourceVector
  /** How much it may use beyond its own. Default: any amount. */
  readonly borrowingLimit?: ResourceVector
}

/**
 * Quotas that lend what is not used: a queue may use its own, and what its group has left. The rule is Kueue's
 * (`resource_node.go`): what a member does not lend is kept for it; the rest, and the group's own, is shared; who uses
 * more than it keeps takes from the group.
 */
export interface BorrowingQuota {
  /**
   * How much more of a resource the queue may use now; below 0 when more is used than there is.
   *
   * @throws KeelsonError `NotFound` for a queue that is not in the tree
   */
  available(name: string, resource: string): number
  /** The first resource, by name, of which less is available than that; undefined: all fits. */
  shortOf(name: string, amounts: ResourceVector): string | undefined
  /** Takes the amounts if all fit. False: nothing is taken. */
  admit(name: string, amounts: ResourceVector): boolean
  /** Takes the amounts, whether they fit or not: of what runs already. */
  use(name: string, amounts: ResourceVector): void
  /** Gives back what was taken. */
  release(name: string, amounts: ResourceVector): void
}

interface QuotaMember {
  readonly definition: QuotaDefinition
  readonly parent: QuotaMember | undefined
  readonly children: QuotaMember[]
  readonly usage: Map<string, number>
}

/**
 * Makes a tree of quotas.
 *
 * @param capacity what there is in all; guarantees beyond it are refused. Default: not looked at
 * @throws InvalidError for a name given twice, a parent that is missing, a circle, an amount that is no whole number of
 * at least 0, a limit that lends more than the guarantee, or guarantees of more than the capacity
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createBorrowingQuota } from 'keelson/core/fairness'
 *
 * const quota = createBorrowingQuota([
 *   { name: 'all' },
 *   { name: 'a', parent: 'all', guarantee: { cpu: 9 } },
 *   { name: 'b', parent: 'all', guarantee: { cpu: 12 }, lendingLimit: { cpu: 1 } },
 * ])
 * assert.deepEqual([quota.available('a', 'cpu'), quota.available('b', 'cpu')], [10, 21])
 * assert.equal(quota.admit('a', { cpu: 10 }), true)
 * assert.equal(quota.available('b', 'cpu'), 11)
 * ```
 */
export function createBorrowingQuota(
  definitions: readonly QuotaDefinition[],
  capacity?: ResourceVector,
): BorrowingQuota {
  const members = membersOf(definitions)
  checkCapacity(definitions, capacity)
  const memberOf = (name: string): QuotaMember => {
    const member = members.get(name)
    if (member !== undefined) return member
    const known = [...members.keys()].sort().join(', ')
    const message = `there is no quota ${name}; there are ${known}`
    throw new KeelsonError({ code: 'NotFound', message, details: { kind: 'Quota', name } })
  }
  const change = (name: string, amounts: ResourceVector, sign: 1 | -1): void => {
    const member = memberOf(name)
    for (const [resource, amount] of Object.entries(amounts)) addUsage(member, resource, sign * amount)
  }
  const shortOf = (name: string, amounts: ResourceVector): string | undefined => {
    const member = memberOf(name)
    return Object.keys(amounts)
      .sort()
      .find(
        resource => (amounts[resource] ?? 0) > 0 && availableOf(member, resource) < (amounts[resource] ?? 0),
      )
  }
  return {
    available: (name, resource) => availableOf(memberOf(name), resource),
    shortOf,
    admit(name, amounts) {
      if (shortOf(name, amounts) !== undefined) return false
      change(name, amounts, 1)
      return true
    },
    use: (name, amounts) => change(name, amounts, 1),
    release: (name, amounts) => change(name, amounts, -1),
  }
}

/** Its own, and what its members lend. */
function totalOf(member: QuotaMember, resource: string): number {
  return member.children.reduce(
    (sum, child) => sum + totalOf(child, resource) - keptOf(child, resource),
    member.definition.guarantee?.[resource] ?? 0,
  )
}

/** What it does not lend. */
function keptOf(member: QuotaMember, resource: string): number {
  const lent = member.definition.lendingLimit?.[resource]
  return lent === undefined ? 0 : Math.max(0, totalOf(member, resource) - lent)
}

function availableOf(member: QuotaMember, resource: string): number {
  const used = member.usage.get(resource) ?? 0
  const total = totalOf(member, resource)
  if (member.parent === undefined) return total - used
  const kept = keptOf(member, resource)
  const above = availableOf(member.parent, resource)
  const limit = member.definition.borrowingLimit?.[resource]
  const most = limit === undefined ? above : Math.min(above, total - kept - Math.max(0, used - kept) + limit)
  return Math.max(0, kept - used) + most
}

/** What goes beyond the kept part is used of the group. */
function addUsage(member: QuotaMember, resource: string, amount: number): void {
  const used = member.usage.get(resource) ?? 0
  const kept = keptOf(member, resource)
  const before = Math.max(0, used - kept)
  member.usage.set(resource, used + amount)
  const after = Math.max(0, used + amount - kept)
  if (member.parent !== undefined && after !== before) addUsage(member.parent, resource, after - before)
}

function membersOf(definitions: readonly QuotaDefinition[]): ReadonlyMap<string, QuotaMember> {
  const problems = definitionProblems(definitions)
  if (problems.length > 0) throw new InvalidError('quota tree', problems)
  const members = new Map<string, QuotaMember>()
  const byName = new Map(definitions.map(definition => [definition.name, definition]))
  const make = (definition: QuotaDefinition): QuotaMember => {
    const known = members.get(definition.name)
    if (known !== undefined) return known
    const above = definition.parent === undefined ? undefined : byName.get(definition.parent)
    const parent = above === undefined ? undefined : make(above)
    const member: QuotaMember = { definition, parent, children: [], usage: new Map() }
    parent?.children.push(member)
    members.set(definition.name, member)
    return member
  }
  for (const definition of definitions) make(definition)
  return members
}

function definitionProblems(definitions: readonly QuotaDefinition[]): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  const parents = new Map<string, string | undefined>()
  for (const [index, definition] of definitions.entries()) {
    const { name, parent, guarantee = {}, lendingLimit = {}, borrowingLimit = {} } = definition
    const at = `[${index}]`
    if (parents.has(name)) problems.push({ field: `${at}.name`, value: name, message: 'is given twice' })
    parents.set(name, parent)
    for (const [field, amounts] of Object.entries({ guarantee, lendingLimit, borrowingLimit }))
      for (const [resource, amount] of Object.entries(amounts)) {
        if (Number.isSafeInteger(amount) && amount >= 0) continue
        const message = 'must be a whole number of base units of at least 0'
        problems.push({ field: `${at}.${field}.${resource}`, value: amount, message })
      }
  }
  for (const [index, { name, parent }] of definitions.entries()) {
    if (parent === undefined) continue
    const field = `[${index}].parent`
    if (!parents.has(parent)) problems.push({ field, value: parent, message: 'is not in the tree' })
    else if (isCircle(name, parents))
      problems.push({ field, value: parent, message: 'is below it: a circle' })
  }
  return problems
}

function isCircle(name: string, parents: ReadonlyMap<string, string | undefined>): boolean {
  const seen = new Set<string>()
  for (let at: string | undefined = name; at !== undefined; at = parents.get(at)) {
    if (seen.has(at)) return true
    seen.add(at)
  }
  return false
}

function checkCapacity(definitions: readonly QuotaDefinition[], capacity: ResourceVector | undefined): void {
  if (capacity === undefined) return
  const problems = Object.entries(capacity).flatMap(([resource, most]) => {
    const sum = definitions.reduce((total, { guarantee = {} }) => total + (guarantee[resource] ?? 0), 0)
    const message = `must come to at most ${most}, what there is; reduce some of them`
    return sum <= most ? [] : [{ field: `guarantee.${resource}`, value: sum, message }]
  })
  if (problems.length > 0) throw new InvalidError('quota tree', problems)
}
