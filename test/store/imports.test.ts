import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** What an entry point loads from other packages when it is imported. */
async function packagesOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [`src/${entry}/index.ts`],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
  })
  const imports = Object.values(metafile.inputs).flatMap(input => input.imports)
  return [...new Set(imports.filter(({ external }) => external === true).map(({ path }) => path))].toSorted()
}

test('a store loads the compiler of schemas, drafts and a bounded cache; observables are loaded by those who use them', async () => {
  expect(await packagesOf('core')).toEqual(['lru-cache'])
  expect(await packagesOf('store')).toEqual(['ajv/dist/2020.js', 'immer', 'lru-cache'])
  expect(await packagesOf('reconcile')).not.toContain('rxjs')
})
