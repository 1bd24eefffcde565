/**
 * Freezes a JSON value and everything in it, and returns it. What is frozen already is taken to be frozen
 * all the way down, so freezing a new version costs only what is new in it.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const member of Object.values(value)) deepFreeze(member)
  return value
}
