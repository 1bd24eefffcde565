import { UsageError } from '../../core/index.js'
import type { Controller } from '../controller/controller-contract.js'
import type { Runnable } from './runnable.js'

/** How a manager treats one of its parts. */
export interface PartOptions {
  /** Names of parts that start before this one and stop after it. Else parts start in the order of adding. */
  readonly dependsOn?: readonly string[]
  /** Run it only while this manager leads. Default true; without an election everything runs. */
  readonly needsLeadership?: boolean
  /**
   * What happens when it fails to start, or calls `failed`. `never`: the manager stops. `onFailure`: it is stopped and
   * started again after 1 s, doubled with each failure up to 60 s; two minutes without one end the row. Default
   * `never`.
   */
  readonly restart?: 'never' | 'onFailure'
}

/** A part and how to treat it. */
export interface Part extends Required<Omit<PartOptions, 'dependsOn'>> {
  readonly unit: Controller | Runnable
  readonly dependsOn: readonly string[] | undefined
}

/**
 * The order of starting: every part after those it depends on, else in the order of adding. A part that names none
 * depends on none, and keeps its place.
 *
 * @throws UsageError for a dependency that does not exist, runs less often than what needs it, or closes a circle
 */
export function startOrder(parts: readonly Part[]): readonly Part[] {
  if (parts.every(({ dependsOn }) => dependsOn === undefined)) return [...parts]
  const byName = new Map(parts.map(part => [part.unit.name, part]))
  for (const part of parts) checkDependencies(part, byName)
  const placed = new Set<string>()
  const order: Part[] = []
  let waiting = [...parts]
  while (waiting.length > 0) {
    const next = waiting.find(({ dependsOn = [] }) => dependsOn.every(name => placed.has(name)))
    if (next === undefined) throw circleError(waiting)
    placed.add(next.unit.name)
    order.push(next)
    waiting = waiting.filter(part => part !== next)
  }
  return order
}

function checkDependencies(part: Part, byName: ReadonlyMap<string, Part>): void {
  const { name } = part.unit
  for (const needed of part.dependsOn ?? []) {
    const other = byName.get(needed)
    if (other === undefined)
      throw new UsageError(`${name} depends on ${needed}, which was not added; add it or correct the name`, {
        name,
        needed,
      })
    if (other.needsLeadership && !part.needsLeadership)
      throw new UsageError(
        `${name} runs always, but depends on ${needed}, which needs leadership; let both need it or neither`,
        { name, needed },
      )
  }
}

function circleError(waiting: readonly Part[]): UsageError {
  const names = new Set(waiting.map(part => part.unit.name))
  const path: string[] = []
  let at: Part | undefined = waiting[0]
  while (at !== undefined && !path.includes(at.unit.name)) {
    path.push(at.unit.name)
    const needed: string | undefined = at.dependsOn?.find(name => names.has(name))
    at = waiting.find(part => part.unit.name === needed)
  }
  const circle = path.slice(path.indexOf(at?.unit.name ?? '')).concat(at?.unit.name ?? '')
  return new UsageError(
    `parts depend on each other in a circle: ${circle.join(' → ')}; remove one dependency`,
    {
      circle,
    },
  )
}
