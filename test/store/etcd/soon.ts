import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when it holds, which somebody else brings about; a test that waits for too long is ended by its framework. */
export async function soon(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10)
}
