// Builds `dist` (or the folder given as argument): JavaScript by tsup, declarations once by tsc and rolled up to one file
// per subpath, used for both formats.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
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

const missing = subpaths().filter(({ source }) => !existsSync(join(root, source)))
for (const { subpath, source } of missing)
  console.warn(`build: ${subpath} is exported but ${source} does not exist yet`)

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })
run(bin('tsup'), ['--config', 'tsup.config.ts'])
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
