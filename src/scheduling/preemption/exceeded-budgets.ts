import type { VictimCandidate } from './victim-candidate.js'

type Budgeted = Pick<VictimCandidate, 'budgets'>

/** Those who go beyond what one of their budgets allows, when all go in this order. */
export function beyondBudgets<T extends Budgeted>(goingInOrder: readonly T[]): ReadonlySet<T> {
  const gone = new Map<string, number>()
  const beyond = new Set<T>()
  for (const one of goingInOrder)
    for (const { name, allowed } of one.budgets) {
      const count = (gone.get(name) ?? 0) + 1
      gone.set(name, count)
      if (count > allowed) beyond.add(one)
    }
  return beyond
}

/** The budgets that would be exceeded if these went, in the order of their names. */
export function exceededBudgets(going: readonly Budgeted[]): readonly string[] {
  const gone = new Map<string, number>()
  const exceeded = new Set<string>()
  for (const { budgets } of going)
    for (const { name, allowed } of budgets) {
      const count = (gone.get(name) ?? 0) + 1
      gone.set(name, count)
      if (count > allowed) exceeded.add(name)
    }
  return [...exceeded].sort()
}
