import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Measurement } from '../frame/measure.js'
import type { Run } from '../frame/row.js'

/** Where Debian puts the sources of Go packages. */
const GOPATH = '/usr/share/gocode'

/**
 * A program of Go in a folder of the peers, called with `what` and the size; undefined where there is no Go, or where
 * the package that it needs is not installed.
 */
export function goProgram(folder: string, what: string, needed: string = 'fmt'): Run | undefined {
  const env = { ...process.env, GOPATH, GO111MODULE: 'off' }
  if (spawnSync('go', ['list', needed], { env }).status !== 0) return undefined
  return size => {
    const program = join('bench', 'dist', folder)
    const source = join('bench', 'peers', folder, 'main.go')
    const built = spawnSync('go', ['build', '-o', program, source], { env, stdio: 'inherit' })
    if (built.status !== 0) throw new Error(`${source} cannot be built`)
    const { stdout, status } = spawnSync(program, [what, String(size)], { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ended with ${String(status)}`)
    return Promise.resolve(JSON.parse(stdout) as Measurement)
  }
}
