import type { Env } from '../../../core/index.js'
import { isKeelsonError } from '../../../core/index.js'
import { askHaproxy } from './admin-socket.js'

/** The processes under a master. */
export interface HaproxyWorkers {
  /** Reloads that it could not do. */
  readonly failed: number
  /** Process ids. */
  readonly current: readonly string[]
  readonly old: readonly string[]
}

/** What the master says; undefined when it does not answer, as while it starts or reloads. */
export async function haproxyWorkers(masterSocket: string, env: Env): Promise<HaproxyWorkers | undefined> {
  try {
    return readWorkers(await askHaproxy(masterSocket, 'show proc', { env }))
  } catch (error) {
    if (isKeelsonError(error, 'Unavailable')) return undefined
    throw error
  }
}

/** Whether a process accepts no more connections. */
export async function isLeaving(masterSocket: string, pid: string, env: Env): Promise<boolean> {
  try {
    return /^Stopping: 1$/m.test(await askHaproxy(masterSocket, `@!${pid} show info`, { env }))
  } catch (error) {
    if (isKeelsonError(error, 'Unavailable')) return true
    throw error
  }
}

/** Reads the answer to `show proc`. */
function readWorkers(text: string): HaproxyWorkers {
  const [head = '', currentText = '', oldText = ''] = text.split(/^# (?:old )?workers$/m)
  const failed = /\[failed: (\d+)\]/.exec(head)
  const pids = (part: string): readonly string[] =>
    [...part.matchAll(/^(\d+)\s+worker\b/gm)].map(match => match[1] ?? '')
  return {
    failed: Number(failed?.[1] ?? 0),
    current: pids(currentText),
    old: pids(oldText.split(/^# /m)[0] ?? ''),
  }
}
