/** The thrown value as an `Error`; anything else is wrapped and kept as the cause. */
export function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`a value that is not an Error was thrown: ${describe(thrown)}`, { cause: thrown })
}

function describe(value: unknown): string {
  try {
    return String(value).slice(0, 200)
  } catch {
    return typeof value
  }
}
