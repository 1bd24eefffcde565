import type { ConstraintSet } from '../../core/index.js'
import { compileConstraints, InvalidError } from '../../core/index.js'
import type { Quantities } from '../resources/quantities.js'
import type { Client, DemandLine } from './allocation-records.js'
import type { Demand, RoleSubscription } from './allocator-event.js'
import type { Columns, Vector } from './columns.js'
import { isZero } from './columns.js'

/** Most alternatives of a minimum, groups of constraints, and shapes of a demand. */
const ALTERNATIVES_MAX = 100
const SHAPES_MAX = 1_000
const COUNT_MAX = 1e9

/** Whether it takes part in passes. */
export function isWanting({ framework, subscribed, suppressed, demand }: Client): boolean {
  return framework.active && subscribed && !suppressed && (demand === undefined || demand.length > 0)
}

/** Tasks of the demand that no open offer holds, by line. */
export function openDemand({ demand = [], held }: Client): number[] {
  return demand.map(({ count }, line) => Math.max(0, count - (held.tasks[line] ?? 0)))
}

/** Amounts of the tasks that no open offer holds. */
export function openAmounts(client: Client): Vector {
  const open = openDemand(client)
  const sum: number[] = []
  for (const [line, { shape }] of (client.demand ?? []).entries())
    for (const [column, amount] of shape.entries())
      sum[column] = (sum[column] ?? 0) + amount * (open[line] as number)
  return Array.from(sum, amount => amount ?? 0)
}

/** Alternatives as vectors. */
export function minimumOf(alternatives: readonly Quantities[], columns: Columns): readonly Vector[] {
  bound('minAllocatable', alternatives.length, ALTERNATIVES_MAX)
  return alternatives.map(quantities => columns.vectorOfQuantities(quantities))
}

/** Constraints of a subscription made ready; undefined when every agent will do. */
export function constraintsOf({ constraints = [] }: RoleSubscription): readonly ConstraintSet[] | undefined {
  bound('constraints', constraints.length, ALTERNATIVES_MAX)
  const groups = constraints.map(compileConstraints)
  for (const group of groups)
    for (const { constraint } of group.siblings)
      throw fault(
        'constraints',
        constraint.operator,
        'must look at the agent alone; match siblings when launching',
      )
  return groups.length === 0 ? undefined : groups
}

/** A demand as vectors. */
export function demandOf(
  demand: readonly Demand[] | undefined,
  columns: Columns,
): readonly DemandLine[] | undefined {
  if (demand === undefined) return undefined
  bound('demand', demand.length, SHAPES_MAX)
  return demand.map(({ shape, count }) => {
    if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX)
      throw fault('demand.count', count, `must be an integer from 1 to ${COUNT_MAX}`)
    const vector = columns.vectorOfQuantities(shape)
    if (isZero(vector)) throw fault('demand.shape', shape, 'must ask for some amount')
    return { shape: vector, count }
  })
}

function bound(field: string, count: number, most: number): void {
  if (count > most) throw fault(field, count, `must have at most ${most} entries`)
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('subscription', [{ field, value, message }])
}
