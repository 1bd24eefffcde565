let last: Promise<unknown> = Promise.resolve()

/** One after the other: a guard wraps functions of the host, and gives back what it has found there. */
export function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work)
  last = result.catch(() => {})
  return result
}
