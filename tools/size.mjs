// Weighs each subpath as a user's bundler would see it: the built ESM, bundled, minified and gzipped, with
// dependencies left out. Fails above the budget in etc/size.json (`kib`), or when a subpath has none.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root, subpaths } from './subpaths.mjs'

const budgets = JSON.parse(readFileSync(join(root, 'etc/size.json'), 'utf8'))
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const external = ['node:*', ...Object.keys(dependencies).flatMap(name => [name, `${name}/*`])]

async function gzippedKiB(input) {
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    external,
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  return gzipSync(outputFiles[0].contents).length / 1024
}

let failed = false
function report(what, size, budget) {
  const fine = budget !== undefined && size <= budget
  failed ||= !fine
  console.log(
    `${fine ? ' ' : '!'} ${what.padEnd(28)} ${size.toFixed(1).padStart(6)} KiB of ${budget ?? 'no budget'}`,
  )
}

for (const { subpath, output } of subpaths()) {
  const file = join(root, `dist/esm/${output}.js`)
  if (!existsSync(file)) throw new Error(`${subpath} is not built; run npm run build`)
  report(subpath, await gzippedKiB({ entryPoints: [file] }), budgets[subpath]?.kib)
}

// One name taken from the root must not bring the rest along.
const one = "export { isKeelsonError } from './dist/esm/index.js'"
report('isKeelsonError alone', await gzippedKiB({ stdin: { contents: one, resolveDir: root } }), 0.5)
if (failed) process.exitCode = 1
