import type { Run } from '../../frame/row.js'
import { goProgram } from '../go-program.js'

/** How a row calls it. */
export const CLIENT_GO = 'client-go port'

/**
 * A port of the work queue of client-go doing the same in a process of Go, with its metrics or without; nothing where
 * there is no Go (Debian: `golang-go`).
 */
export function clientGo(metrics: 'metered' | 'bare'): Readonly<Record<string, Run>> {
  const run = goProgram('go-workqueue', metrics)
  return run === undefined ? {} : { [CLIENT_GO]: run }
}
