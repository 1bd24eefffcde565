import type { Run } from '../../frame/row.js'
import { goProgram } from '../go-program.js'

const NAME = 'go-memdb'

/**
 * go-memdb doing the same in a process of Go; nothing where there is no Go, or where the package is not installed
 * (Debian: `golang-go golang-github-hashicorp-go-memdb-dev`).
 */
export function memdb(operation: 'create' | 'update'): Readonly<Record<string, Run>> {
  const run = goProgram(NAME, operation, 'github.com/hashicorp/go-memdb')
  return run === undefined ? {} : { [NAME]: run }
}
