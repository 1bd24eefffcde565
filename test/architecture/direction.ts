import { posix } from 'node:path'
import type { SourceFile } from './source-file.js'

/** Which areas an area may import; `index` is src/index.ts. Modules with a shell are pure but for it. */
export const friends: Record<string, readonly string[]> = {
  core: [],
  store: ['core'],
  api: ['core', 'store'],
  reconcile: ['core', 'store'],
  scheduling: ['core'],
  offers: ['core'],
  discovery: ['core'],
  rollout: ['core'],
  workloads: ['core', 'api'],
  rxjs: ['core', 'store', 'offers'],
}
export const withShell: readonly string[] = ['scheduling', 'offers', 'discovery', 'rollout', 'workloads']
/** What a shell may import, besides its own module. */
export const shellFriends: readonly string[] = ['core', 'store', 'api', 'reconcile']

/** Packages from outside that an area may import. Nothing else, so that each subpath costs what it says. */
const packages: Record<string, readonly string[]> = {
  core: ['lru-cache'],
  discovery: ['lru-cache'],
  scheduling: ['lru-cache'],
  store: ['ajv', 'immer', 'lru-cache'],
  rxjs: ['rxjs'],
}

/** Packages that examples may use beside keelson. */
const examplePackages = ['yaml', 'vitest']

/** The rules on what a file of `src` may import. Each violation is one line of text. */
export function importViolations(file: SourceFile): string[] {
  const area = areaOf(file.path)
  return file.imports.flatMap(({ specifier, line }) => {
    const fault = specifier.startsWith('.')
      ? relativeFault(file.path, area, specifier)
      : packageFault(file.path, area, specifier)
    return fault === undefined ? [] : [`${file.path}:${line} imports ${specifier}: ${fault}`]
  })
}

/** Examples see what a user sees: public entry points, Node, each other, and a few packages. */
export function exampleViolations(file: SourceFile, publicEntries: readonly string[]): string[] {
  return file.imports.flatMap(({ specifier, line }) => {
    const fine = specifier.startsWith('.')
      ? posix.join(posix.dirname(file.path), specifier).startsWith('examples/')
      : specifier.startsWith('node:') ||
        publicEntries.includes(specifier) ||
        examplePackages.includes(packageOf(specifier))
    return fine ? [] : [`${file.path}:${line} imports ${specifier}: not a public entry point of keelson`]
  })
}

function relativeFault(path: string, area: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (!target.startsWith('src/')) return 'outside src'
  const other = areaOf(target)
  if (other === area) return shellFault(path, target)
  if (!/^src\/[^/]+\/(?:(?:node|etcd)\/)?(?:index|internal)\.js$/.test(target))
    return 'enter another area through its index.js or internal.js'
  return mayImport(path, area, other) ? undefined : `${area} must not import ${other}`
}

function mayImport(path: string, area: string, other: string): boolean {
  if (area === 'testing') return true
  if (area === 'index') return other !== 'testing'
  if (withShell.includes(area) && isShell(path)) return shellFriends.includes(other)
  return friends[area]?.includes(other) ?? false
}

/** A pure core must stay usable alone, so nothing in a module imports its shell but the index file. */
function shellFault(path: string, target: string): string | undefined {
  if (!isShell(target) || isShell(path) || /^src\/[^/]+\/index\.ts$/.test(path)) return undefined
  return 'the pure core must not import its shell'
}

function packageFault(path: string, area: string, specifier: string): string | undefined {
  const folder = /^src\/(.+)\/[^/]+$/.exec(path)?.[1] ?? ''
  if (specifier.startsWith('node:')) {
    return /(?:^|\/)(?:node|etcd|program)(?:\/|$)/.test(folder)
      ? undefined
      : 'node: belongs under node/, etcd/ or program/'
  }
  const allowed = Object.entries(packages).flatMap(([where, names]) =>
    folder === where || folder.startsWith(`${where}/`) ? names : [],
  )
  return allowed.includes(packageOf(specifier)) ? undefined : `not on the list of packages for ${area}`
}

function areaOf(path: string): string {
  const [, area = '', inside] = path.split('/')
  return inside === undefined ? 'index' : area
}

/** The shell binds the pure core of a module to a store. */
function isShell(path: string): boolean {
  return /^src\/[^/]+\/shell\//.test(path)
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
