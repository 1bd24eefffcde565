import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout that these tools belong to. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Every public subpath, read from `exports` in package.json: the one place where a subpath is listed.
 * `./store/node` lives in `src/store/node/index.ts`, is built to `store/node/index` and reported as `store-node`.
 *
 * @param {string} [directory] holds the package.json to read
 * @returns {{ subpath: string, specifier: string, source: string, output: string, report: string }[]}
 */
export function subpaths(directory = root) {
  const { name, exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  return Object.keys(exports)
    .filter(subpath => subpath !== './package.json')
    .map(subpath => {
      const folder = subpath.slice(2)
      const output = folder === '' ? 'index' : `${folder}/index`
      return {
        subpath,
        specifier: folder === '' ? name : `${name}/${folder}`,
        source: `src/${output}.ts`,
        output,
        report: folder === '' ? name : folder.replaceAll('/', '-'),
      }
    })
}

/**
 * What package.json must say about one subpath. `module-sync` comes first, so that on Node 20.19 and later
 * `require` and `import` load one and the same module instance.
 *
 * @param {string} output as in `subpaths()`
 */
export function exportConditions(output) {
  const esm = { types: `./dist/esm/${output}.d.ts`, default: `./dist/esm/${output}.js` }
  const cjs = { types: `./dist/cjs/${output}.d.ts`, default: `./dist/cjs/${output}.js` }
  return { 'module-sync': esm, import: esm, require: cjs }
}
