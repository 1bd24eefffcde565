// Builds `dist` (or the folder given as argument): JavaScript by tsup, declarations once by tsc and rolled up to one file
// per subpath, used for both formats.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { transformSync } from 'esbuild'
import { rollUpDeclarations } from './declarations.mjs'
import { root, subpaths } from './subpaths.mjs'

const outDir = resolve(root, process.argv[2] ?? 'dist')
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

/** After tsup: its last step, which makes CommonJS of modules, does not read minified classes. */
function minify(folder) {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(each =>
    each.endsWith('.js'),
  )) {
    const file = join(folder, path)
    const options = { minifyWhitespace: true, minifySyntax: true, target: 'node20' }
    writeFileSync(file, transformSync(readFileSync(file, 'utf8'), options).code)
  }
}

const missing = subpaths().filter(({ source }) => !existsSync(join(root, source)))
for (const { subpath, source } of missing)
  console.warn(`build: ${subpath} is exported but ${source} does not exist yet`)

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })
run(bin('tsup'), ['--config', 'tsup.config.ts'])
minify(join(outDir, 'cjs'))
mkdirSync(join(root, 'temp'), { recursive: true })
const raw = mkdtempSync(join(root, 'temp/declarations-'))
process.on('exit', () => rmSync(raw, { recursive: true, force: true }))
run(bin('tsc'), ['-p', 'tsconfig.build.json', '--outDir', raw])
rollUpDeclarations(raw, join(outDir, 'esm'))
cpSync(join(outDir, 'esm'), join(outDir, 'cjs'), {
  recursive: true,
  filter: path => !/\.js(\.map)?$/.test(path),
})
writeFileSync(join(outDir, 'cjs', 'package.json'), '{"type":"commonjs"}\n')
