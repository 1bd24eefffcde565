/** Executions without a guard that are under way in this process. */
let running = 0
let becameIdle: () => void = () => {}
/** Settles when the execution under guard is over. */
let guarded: Promise<void> | undefined

/** Runs an execution without a guard, beside others of its kind. */
export async function beside<T>(work: () => Promise<T>): Promise<T> {
  while (guarded !== undefined) await guarded
  running++
  try {
    return await work()
  } finally {
    running--
    if (running === 0) becameIdle()
  }
}

/**
 * Runs an execution under guard while no other one is under way: Node does not survive the end of an endless step of
 * theirs while there are async hooks.
 */
export async function alone<T>(work: () => Promise<T>): Promise<T> {
  while (guarded !== undefined) await guarded
  let release = (): void => {}
  guarded = new Promise(resolve => {
    release = resolve
  })
  while (running > 0)
    await new Promise<void>(resolve => {
      becameIdle = resolve
    })
  try {
    return await work()
  } finally {
    guarded = undefined
    release()
  }
}
