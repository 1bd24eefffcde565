import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Measurement } from '../../frame/measure.js'
import type { Run } from '../../frame/row.js'

const NAME = 'go-memdb'

/** Where Debian puts the sources of Go packages. */
const GOPATH = '/usr/share/gocode'

/**
 * go-memdb doing the same in a process of Go; nothing where there is no Go, or where the package is not installed
 * (Debian: `golang-go golang-github-hashicorp-go-memdb-dev`).
 */
export function memdb(operation: 'create' | 'update'): Readonly<Record<string, Run>> {
  const env = { ...process.env, GOPATH, GO111MODULE: 'off' }
  const listed = spawnSync('go', ['list', 'github.com/hashicorp/go-memdb'], { env })
  if (listed.status !== 0) return {}
  const run = (size: number): Promise<Measurement> => {
    const program = join('bench', 'dist', NAME)
    const source = join('bench', 'peers', NAME, 'main.go')
    const built = spawnSync('go', ['build', '-o', program, source], { env, stdio: 'inherit' })
    if (built.status !== 0) throw new Error(`${source} cannot be built`)
    const { stdout, status } = spawnSync(program, [operation, String(size)], { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ended with ${String(status)}`)
    return Promise.resolve(JSON.parse(stdout) as Measurement)
  }
  return { [NAME]: run }
}
