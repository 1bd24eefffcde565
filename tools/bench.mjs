// Runs bench/<name>.bench.ts for each name given, or all of them; installs bench's own packages when needed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './subpaths.mjs'

const bench = join(root, 'bench')
const suffix = '.bench.ts'

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const known = readdirSync(bench)
  .filter(name => name.endsWith(suffix))
  .map(name => name.slice(0, -suffix.length))
  .toSorted()
const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !known.includes(name))
if (unknown.length > 0 || known.length === 0) {
  console.error(`bench: no ${unknown.join(', ') || 'benchmark'}; there are: ${known.join(', ') || 'none'}`)
  process.exit(1)
}

const { dependencies = {} } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'))
const missing = Object.keys(dependencies).filter(name => !existsSync(join(bench, 'node_modules', name)))
if (missing.length > 0) run('npm', ['--prefix', bench, 'ci'])

for (const name of wanted.length > 0 ? wanted : known) {
  console.log(`\n# ${name}`)
  run(join(root, 'node_modules/.bin/tsx'), ['--expose-gc', join('bench', name + suffix)])
}
