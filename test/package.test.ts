import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix, resolve } from 'node:path'
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
  test('holds the build, the guides, the examples and its papers, and nothing else', () => {
    const known =
      /^(?:dist\/.+\.(?:js|d\.ts)$|dist\/cjs\/package\.json$|docs\/.+\.(?:md|svg)$|examples\/|package\.json$|LICENSE$|[A-Z]+\.md$)/
    expect(installed.files.filter(path => !known.test(path))).toEqual([])
    expect(installed.files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    expect(installed.files.filter(path => /tsbuildinfo|node_modules/.test(path))).toEqual([])
  })

  test('is small enough to embed', () => {
    expect(installed.files.length).toBeLessThan(600)
    expect(installed.unpackedBytes).toBeLessThan(6_500_000)
  })

  test('holds every page and file that its pages link to', () => {
    const files = new Set(installed.files)
    const isThere = (path: string): boolean =>
      files.has(path) || installed.files.some(file => file.startsWith(`${path}/`))
    const pages = installed.files.filter(path => path.endsWith('.md'))
    const dead = pages.flatMap(page => {
      const text = readFileSync(join(installed.packageDirectory, page), 'utf8')
      const targets = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, target = '']) => target)
      return targets
        .filter(target => !isThere(posix.join(posix.dirname(page), target).replace(/\/$/, '')))
        .map(target => `${page}: ${target}`)
    })
    expect(pages.length).toBeGreaterThan(20)
    expect(dead).toEqual([])
  })

  // Without skipLibCheck: what the declarations lack is an error here.
  test.each<readonly [string, readonly string[]]>([
    ['the default settings', ['--module', 'nodenext']],
    ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
    ['Node types and no DOM', ['--module', 'nodenext', '--lib', 'es2023', '--types', 'node']],
    [
      'the DOM and no Node types',
      ['--module', 'nodenext', '--lib', 'es2023,dom,dom.asynciterable', '--types', ''],
    ],
  ])('type-checks in a program with %s', (_settings, options) => {
    for (const [name, load] of [
      ['consumer.mts', (specifier: string, n: number) => `import * as area${n} from '${specifier}'`],
      ['consumer.cts', (specifier: string, n: number) => `import area${n} = require('${specifier}')`],
    ] as const) {
      const lines = subpaths().map(({ specifier }, n) => `${load(specifier, n)}\nvoid area${n}`)
      writeFileSync(join(installed.directory, name), lines.join('\n'))
    }
    const files = options.includes('bundler') ? ['consumer.mts'] : ['consumer.mts', 'consumer.cts']
    const { stdout } = spawnSync(
      join(root, 'node_modules/.bin/tsc'),
      ['--ignoreConfig', '--noEmit', '--strict', '--pretty', 'false', ...options, ...files],
      { cwd: installed.directory, encoding: 'utf8' },
    )
    expect(stdout).toBe('')
  })

  test('is what a program beside it gets', () => {
    const resolved = installed.run("console.log(import.meta.resolve('keelson'))").trim()
    expect(resolved).toBe(pathToFileURL(join(installed.packageDirectory, 'dist/esm/index.js')).href)
  })

  test('reads well in stack traces: of either build, functions and classes have their names', () => {
    const program = `
      import { createRequire } from 'node:module'
      const fail = ({ createStore }) => {
        try { createStore({ kinds: [], environment: 1 }) } catch (error) { return [error.name, error.stack] }
      }
      const [name, stack] = fail(await import('keelson/store'))
      const require = createRequire(import.meta.url)
      const [other, minified] = fail(require('./node_modules/keelson/dist/cjs/store/index.js'))
      const names = text => [...text.matchAll(/^ +at (?:new )?([\\w.#]+) \\(/gm)].map(([, each]) => each)
      console.log(JSON.stringify({ name, other, readable: names(stack), short: names(minified) }))
    `
    const { name, other, readable, short } = JSON.parse(installed.run(program)) as Record<string, string>
    expect(other).toBe(name)
    expect(readable).toContain('createStore')
    expect(short).toEqual(readable)
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
