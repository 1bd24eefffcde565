// Runs the tests against the mutants that it is told, one by one.
import { parentPort, workerData } from 'node:worker_threads'
import { testsOf, withMutantOn } from './collected-tests.mjs'

const { bundles } = workerData
/** Each test with what it touches and costs with no mutant on, the cheapest first. */
const tests = []
/** By mutant: the bundles that touch it as they are loaded; constants are made there. */
const loading = new Map()

for (const bundle of bundles) {
  let found = []
  const { hits, calls, error } = await withMutantOn(0, () => (found = testsOf(bundle)), { isTraced: true })
  if (error !== undefined) throw new Error(`${bundle.name} cannot be loaded`, { cause: error })
  for (const id of hits) loading.set(id, [...(loading.get(id) ?? []), { bundle, calls }])
  for (const test of found) {
    const traced = await withMutantOn(0, test.run, { isTraced: true })
    if (traced.error !== undefined)
      throw new Error(`${test.file} > ${test.title} fails with no mutant on`, { cause: traced.error })
    tests.push({ ...test, ...traced })
  }
}
tests.sort((a, b) => a.ms - b.ms)
parentPort.postMessage({ ready: tests.length })

parentPort.on('message', async id => parentPort.postMessage({ id, ...(await judged(id)) }))

/** Which test fails with this mutant on, if one does. */
async function judged(id) {
  for (const { bundle, calls } of loading.get(id) ?? []) {
    let found = []
    const { error } = await withMutantOn(id, () => (found = testsOf(bundle)), { most: calls })
    if (error !== undefined) return { killedBy: `${bundle.name}, as it is loaded` }
    for (const test of found) {
      const before = tests.find(({ file, title }) => file === test.file && title === test.title)
      const { error: failed } = await withMutantOn(id, test.run, { most: before?.calls ?? 0 })
      if (failed !== undefined) return { killedBy: `${test.file} > ${test.title}` }
    }
  }
  const touching = tests.filter(({ hits }) => hits.has(id))
  for (const test of touching) {
    const { error } = await withMutantOn(id, test.run, { most: test.calls })
    if (error !== undefined) return { killedBy: `${test.file} > ${test.title}` }
  }
  return { touchedBy: touching.length }
}
