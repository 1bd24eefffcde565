// Bundles and runs bench/<name>.ts for each name given, or all of them; installs bench's own packages when needed.
// What follows the first flag goes to the benchmark: npm run bench -- store --row create --size 10000
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './subpaths.mjs'

const bench = join(root, 'bench')
const suffix = '.ts'

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const threadModules = readdirSync(join(bench, 'threads')).map(file => join(bench, 'threads', file))

const known = readdirSync(bench)
  .filter(name => name.endsWith(suffix))
  .map(name => name.slice(0, -suffix.length))
  .toSorted()
const args = process.argv.slice(2)
const firstFlag = args.findIndex(arg => arg.startsWith('-'))
const wanted = firstFlag < 0 ? args : args.slice(0, firstFlag)
const flags = firstFlag < 0 ? [] : args.slice(firstFlag)
const unknown = wanted.filter(name => !known.includes(name))
if (unknown.length > 0 || known.length === 0) {
  console.error(`bench: no ${unknown.join(', ') || 'benchmark'}; there are: ${known.join(', ') || 'none'}`)
  process.exit(1)
}

const { dependencies = {} } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'))
const missing = Object.keys(dependencies).filter(name => !existsSync(join(bench, 'node_modules', name)))
const needsPeers = !flags.includes('--no-peers') && !flags.includes('--list')
if (missing.length > 0 && needsPeers) run('npm', ['--prefix', bench, 'ci'])

for (const name of wanted.length > 0 ? wanted : known) {
  // Loaders that compile on the fly wrap every closure to keep its name, which costs more than what we measure.
  const outfile = join(bench, 'dist', `${name}.mjs`)
  await build({
    // Modules that threads import are there on their own, beside the program.
    entryPoints: [join(bench, name + suffix), ...threadModules],
    outbase: bench,
    outdir: join(bench, 'dist'),
    outExtension: { '.js': '.mjs' },
    // A peer that is not installed is missed by those who ask for it only.
    splitting: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  })
  console.log(`\n# ${name}`)
  run(process.execPath, [outfile, ...flags])
}
