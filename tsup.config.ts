import { existsSync } from 'node:fs'
import type { Options } from 'tsup'
import { subpaths } from './tools/subpaths.mjs'

const outDir = process.env['KEELSON_OUT_DIR'] ?? 'dist'
const entry = Object.fromEntries(
  subpaths()
    .filter(({ source }) => existsSync(source))
    .map(({ output, source }) => [output, source]),
)
entry['bin/keelson-store'] = 'src/store/program/keelson-store.ts'

/** JavaScript as ES modules; tools/build.mjs makes CommonJS of them and adds the declarations. */
const config: Options = {
  entry,
  format: 'esm',
  outDir: `${outDir}/esm`,
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
export default config
