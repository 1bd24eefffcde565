// Builds `dist` (or the folder given as argument): ESM by tsup, CommonJS from it, and declarations by tsc, rolled up to
// one file per subpath, which both formats use.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { transformSync } from 'esbuild'
import { rollUpDeclarations } from './declarations.mjs'
import { root, subpaths } from './subpaths.mjs'

const outDir = resolve(root, process.argv[2] ?? 'dist')
const [esm, cjs] = [join(outDir, 'esm'), join(outDir, 'cjs')]
const bin = name => join(root, 'node_modules', '.bin', name)

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, KEELSON_OUT_DIR: outDir },
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/**
 * Node loads the ESM build for `require` too. This one is for tools that cannot, so it is small before it is readable;
 * functions and classes keep their names, for stack traces.
 */
function writeCommonJs(from, to) {
  const options = { format: 'cjs', minify: true, keepNames: true, target: 'node20' }
  for (const path of modulesOf(from).filter(each => !each.startsWith('bin/'))) {
    const { code } = transformSync(readFileSync(join(from, path), 'utf8'), options)
    mkdirSync(dirname(join(to, path)), { recursive: true })
    writeFileSync(join(to, path), code)
  }
  writeFileSync(join(to, 'package.json'), '{"type":"commonjs"}\n')
}

/** The declarations have the documentation of members; the bundler keeps that of classes alone. */
function dropDocumentation(folder) {
  for (const path of modulesOf(folder)) {
    const parts = readFileSync(join(folder, path), 'utf8').split(/^(?=\/\/ src\/|export \{)/m)
    // A list of exports alone would export what is declared elsewhere.
    const each = part => (part.startsWith('export') ? part : bare(part))
    writeFileSync(join(folder, path), parts.map(each).join(''))
  }
}

function bare(source) {
  const code = unlessChanged(source, text => text.replaceAll(/^ *\/\*\*(?:[^*]|\*(?!\/))*\*\/\n/gm, ''))
  return unlessChanged(code, text => text.replaceAll(/^(?: {2})+/gm, tabs))
}

/** In a template of several lines a comment is no comment, and a space no indentation. */
function unlessChanged(text, edit) {
  const edited = edit(text)
  return minified(edited) === minified(text) ? edited : text
}

const minified = text => transformSync(text, { minifyWhitespace: true, target: 'node20' }).code
const tabs = spaces => '\t'.repeat(spaces.length / 2)

/** An ES module may take its types from a CommonJS one, never the other way round. */
function shareDeclarations(from, to) {
  for (const path of filesOf(from, '.d.ts')) {
    const up = posix.relative(posix.dirname(`esm/${path}`), `cjs/${path.replace(/\.d\.ts$/, '.js')}`)
    writeFileSync(join(to, path), `export * from '${up}'\n`)
  }
}

const modulesOf = folder => filesOf(folder, '.js')

function filesOf(folder, ending) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith(ending))
}

const missing = subpaths().filter(({ source }) => !existsSync(join(root, source)))
for (const { subpath, source } of missing)
  console.warn(`build: ${subpath} is exported but ${source} does not exist yet`)

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })
run(bin('tsup'), ['--config', 'tsup.config.ts'])
dropDocumentation(esm)
writeCommonJs(esm, cjs)
mkdirSync(join(root, 'temp'), { recursive: true })
const raw = mkdtempSync(join(root, 'temp/declarations-'))
process.on('exit', () => rmSync(raw, { recursive: true, force: true }))
run(bin('tsc'), ['-p', 'tsconfig.build.json', '--outDir', raw])
rollUpDeclarations(raw, cjs)
shareDeclarations(cjs, esm)
