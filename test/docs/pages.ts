import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** Every Markdown page of the project, by its path from the top: those at the top, and all below docs. */
export const pages: readonly string[] = [
  ...readdirSync(root),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map(path => join('docs', path)),
]
  .filter(path => path.endsWith('.md'))
  .toSorted()

/** The text of a file, an empty one for a folder, undefined for what does not exist. */
export function readPage(path: string): string | undefined {
  const file = join(root, path)
  if (!existsSync(file)) return undefined
  return statSync(file).isDirectory() ? '' : readFileSync(file, 'utf8')
}

/** The source files. */
export const sources: readonly { readonly path: string; readonly text: string }[] = readdirSync(
  join(root, 'src'),
  {
    recursive: true,
    encoding: 'utf8',
  },
)
  .filter(path => path.endsWith('.ts'))
  .map(path => ({ path: join('src', path), text: readFileSync(join(root, 'src', path), 'utf8') }))
