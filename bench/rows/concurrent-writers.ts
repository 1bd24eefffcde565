/** One batch of a measurement of writes: so many writers at once, each with one write under way. */
export function concurrentWriters(
  writers: number,
  put: (index: number) => Promise<unknown>,
): (input: unknown, count: number) => Promise<void> {
  let next = 0
  return async (_input, count) => {
    const last = next + count
    const writer = async (): Promise<void> => {
      while (next < last) await put(next++)
    }
    await Promise.all(Array.from({ length: writers }, writer))
  }
}
