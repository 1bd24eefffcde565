/**
 * How far a value is below its share of the wanted tasks, from 1 far down: `(desired − (used + 1)) / desired`; −1 for one
 * that is to have none (Nomad's spread with targets).
 *
 * @param target of the wanted tasks, in percent
 * @param used tasks with that value, without the new one
 */
export function targetSpread(target: number, count: number, used: number): number {
  const desired = (target / 100) * count
  return desired === 0 ? -1 : (desired - (used + 1)) / desired
}

/** The share of a value, in percent: its own, or what the named ones leave over. */
export function targetOf(targets: Readonly<Record<string, number>>, value: string): number {
  if (Object.hasOwn(targets, value)) return targets[value] as number
  return Math.max(0, 100 - Object.values(targets).reduce((sum, percent) => sum + percent, 0))
}
