import { existsSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'
import { subpaths } from './tools/subpaths.mjs'

const outDir = process.env['KEELSON_OUT_DIR'] ?? 'dist'
const entry = Object.fromEntries(
  subpaths()
    .filter(({ source }) => existsSync(source))
    .map(({ output, source }) => [output, source]),
)
entry['bin/keelson-store'] = 'src/store/node/keelson-store.ts'

const common: Options = {
  entry,
  dts: false,
  // The JavaScript is readable as it is; maps with the sources in them would be half of the package.
  sourcemap: false,
  splitting: true,
  target: 'node20',
  platform: 'neutral',
  treeshake: false,
  silent: true,
  removeNodeProtocol: false,
  external: [/^node:/],
  outExtension: () => ({ js: '.js' }),
}

/** JavaScript in both formats; tools/build.mjs adds the declarations. */
const config: ReturnType<typeof defineConfig> = defineConfig([
  { ...common, format: 'esm', outDir: `${outDir}/esm` },
  // Node loads the ESM build for `require` too; this one is for tools that cannot. tools/build.mjs minifies it.
  { ...common, format: 'cjs', outDir: `${outDir}/cjs` },
])
export default config
