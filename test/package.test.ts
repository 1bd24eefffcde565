import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportConditions, subpaths } from '../tools/subpaths.mjs'
import type { InstalledPackage } from './package/installed-package.js'
import { installPackage } from './package/installed-package.js'

const root = resolve(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>
}

/** What one entry point gave to `import`, to `require`, and from the CommonJS build. */
interface Loaded {
  readonly imported: readonly string[]
  readonly required: readonly string[]
  readonly commonjs: readonly string[]
  readonly same: boolean
}

/** Loads every entry in every way; a process that has nothing left to do must end by itself. */
const loader = `
  import { createRequire } from 'node:module'
  const require = createRequire(import.meta.url)
  const loaded = {}
  for (const { specifier, output } of ${JSON.stringify(subpaths())}) {
    const imported = await import(specifier)
    const required = require(specifier)
    const commonjs = require('./node_modules/keelson/dist/cjs/' + output + '.js')
    const names = Object.keys(imported).filter(name => name !== 'module.exports').sort()
    loaded[specifier] = {
      imported: names,
      required: Object.keys(required).filter(name => name !== '__esModule').sort(),
      commonjs: Object.keys(commonjs).sort(),
      same: names.every(name => imported[name] === required[name]),
    }
  }
  console.log(JSON.stringify(loaded))
`

let installed: InstalledPackage
let loaded: Record<string, Loaded>

beforeAll(() => {
  installed = installPackage(root)
  loaded = JSON.parse(installed.run(loader)) as Record<string, Loaded>
})

afterAll(() => {
  if (installed !== undefined) rmSync(installed.directory, { recursive: true, force: true })
})

describe.each(subpaths())('$specifier', ({ subpath, specifier, source, output, report }) => {
  test('has a source, and is exported to import and require alike', () => {
    expect(existsSync(join(root, source))).toBe(true)
    expect(manifest.exports[subpath]).toEqual(exportConditions(output))
    // The order decides: Node takes the first condition that it knows.
    expect(Object.keys(manifest.exports[subpath] as object)).toEqual(Object.keys(exportConditions(output)))
  })

  test('ships the files that its export names', () => {
    const paths = Object.values(exportConditions(output)).flatMap(condition => Object.values(condition))
    expect(paths.filter(path => !existsSync(join(installed.packageDirectory, path)))).toEqual([])
  })

  test('is one module for import and require, with the same names in the CommonJS build', () => {
    const entry = loaded[specifier]
    expect(entry?.imported).not.toEqual([])
    expect(entry?.same).toBe(true)
    expect(entry?.required).toEqual(entry?.imported)
    expect(entry?.commonjs).toEqual(entry?.imported)
  })

  test('has the values that its reviewed API report lists', () => {
    expect(loaded[specifier]?.imported).toEqual(reportedValues(join(root, `etc/${report}.api.md`)))
  })
})

describe('the package', () => {
  test('holds the build, the sources and its papers, and nothing else', () => {
    const known = /^(?:dist\/|src\/|package\.json$|LICENSE$|README\.md$|CHANGELOG\.md$)/
    expect(installed.files.filter(path => !known.test(path))).toEqual([])
    expect(installed.files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    expect(installed.files.filter(path => /\.test\.|tsbuildinfo|node_modules/.test(path))).toEqual([])
  })

  test('is small enough to embed', () => {
    expect(installed.unpackedBytes).toBeLessThan(12_000_000)
  })

  test('is what a program beside it gets', () => {
    const resolved = installed.run("console.log(import.meta.resolve('keelson'))").trim()
    expect(resolved).toBe(pathToFileURL(join(installed.packageDirectory, 'dist/esm/index.js')).href)
  })

  test('keeps its inner files to itself', () => {
    const program =
      "await import('keelson/dist/esm/index.js').then(() => console.log('in'), e => console.log(e.code))"
    expect(installed.run(program).trim()).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})

/** The values, not the types, that an API report declares; one named as a global stands there as `Name_2`. */
function reportedValues(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const declared = /^(export )?(?:abstract |declare )?(?:class|function|const|let|enum) ([\w$]+)/gm
  const values = [...text.matchAll(declared)].map(([, exported, name = '']) => ({ exported, name }))
  const renamed = [...text.matchAll(/^export \{ ([\w$]+) as ([\w$]+) \}/gm)]
    .filter(([, inner]) => values.some(({ name }) => name === inner))
    .map(([, , name = '']) => name)
  const direct = values.filter(({ exported }) => exported).map(({ name }) => name)
  return [...new Set([...direct, ...renamed])].toSorted()
}
