// Flips every relational and arithmetic operator and every number of the decisions of a rollout, one at a time, and
// runs the tests that touch it. Prints file:line of each flip that no test notices, and fails below 95 % noticed.
//
// node tools/mutate.mjs [file of src/rollout ...]
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { withMutants } from './mutate/mutants.mjs'
import { root } from './subpaths.mjs'

const SCORE_LEAST = 0.95
/** No test of these takes so long: a mutant that does loops without asking whether it is on. */
const HANG_MS = 120_000
/** The decisions, and the tests that say what they must be. */
const SUITES = [
  { targets: ['goal'], tests: ['goal', 'kept-sizes', 'machine', 'stories'] },
  { targets: ['move', 'budget'], tests: ['move', 'budget', 'explorer', 'machine', 'presets'] },
  { targets: ['gate', 'gates'], tests: ['gate', 'gate-laws', 'gates', 'machine', 'failures'] },
  {
    targets: ['cell-columns', 'cell-order', 'cell-table', 'plan-cells'].map(name => `cell-plan/${name}`),
    tests: ['plan-cells', 'cell-explorer'].map(name => `cells/${name}`),
  },
]

const wanted = process.argv.slice(2)
const startedMs = performance.now()
const mutants = []
const survivors = []
for (const suite of SUITES) await judge(suite)
survivors.sort((a, b) => a.id - b.id)
for (const { file, line, was, becomes, touchedBy } of survivors) {
  const tests = touchedBy === 0 ? 'no test touches it' : `${touchedBy} tests touch it`
  console.log(`${file}:${line}  ${was}  →  ${becomes}  (${tests})`)
}
const noticed = mutants.length - survivors.length
const score = noticed / mutants.length
const seconds = Math.round((performance.now() - startedMs) / 1000)
console.log(`${noticed} of ${mutants.length} mutants noticed, ${(score * 100).toFixed(1)} %, in ${seconds} s`)
if (!(score >= SCORE_LEAST)) process.exitCode = 1

/** Makes the mutants of a suite and tries them all. */
async function judge({ targets, tests }) {
  const sources = new Map()
  const left = []
  for (const target of targets) {
    if (wanted.length > 0 && !wanted.includes(target)) continue
    const name = `src/rollout/${target}.ts`
    const found = withMutants(name, readFileSync(join(root, name), 'utf8'), mutants.length + 1)
    sources.set(join(root, name), found.code)
    mutants.push(...found.mutants)
    left.push(...found.mutants)
  }
  if (left.length === 0) return
  const bundles = await Promise.all(tests.map(test => bundled(`test/rollout/${test}.test.ts`, sources)))
  await Promise.all(Array.from({ length: availableParallelism() }, () => work(bundles, left)))
}

/** One test file with everything that it imports of ours, the targets with their switches. */
async function bundled(name, sources) {
  const { outputFiles } = await build({
    entryPoints: [join(root, name)],
    bundle: true,
    write: false,
    logLevel: 'error',
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [{ name: 'mutants', setup: build => withSwitches(build, sources) }],
  })
  return { name, code: outputFiles[0].text }
}

function withSwitches({ onLoad }, sources) {
  onLoad({ filter: /src\/rollout\/.*\.ts$/ }, ({ path }) => {
    const contents = sources.get(path)
    return contents === undefined ? undefined : { contents, loader: 'ts' }
  })
}

/** Has a worker look at one mutant after the other, and begins another one where that hangs. */
async function work(bundles, left) {
  while (left.length > 0) {
    const worker = new Worker(new URL('mutate/worker.mjs', import.meta.url), { workerData: { bundles } })
    await new Promise((resolve, reject) => {
      let watchdog
      const next = () => {
        const mutant = left.shift()
        clearTimeout(watchdog)
        process.stderr.write(`\r${left.length} left `)
        if (mutant === undefined) return resolve()
        watchdog = setTimeout(resolve, HANG_MS)
        worker.postMessage(mutant.id)
      }
      worker.on('error', reject)
      worker.on('message', ({ ready, id, killedBy, touchedBy }) => {
        if (ready === undefined && killedBy === undefined) survivors.push({ ...mutants[id - 1], touchedBy })
        next()
      })
    })
    await worker.terminate()
  }
}
