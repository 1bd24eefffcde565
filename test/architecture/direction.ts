import { posix } from 'node:path'
import type { SourceFile } from './source-file.js'

/** Which areas an area may import; `index` is src/index.ts. The deciding modules are pure but for their controller. */
const friends: Record<string, readonly string[]> = {
  core: [],
  store: ['core'],
  api: ['core', 'store'],
  reconcile: ['core', 'store'],
  scheduling: ['core'],
  offers: ['core'],
  discovery: ['core'],
  rollout: ['core'],
  workloads: ['core', 'store', 'api', 'reconcile'],
  rxjs: ['core', 'store'],
}
const deciding = ['scheduling', 'offers', 'discovery', 'rollout']
const controllerFriends = ['core', 'store', 'api', 'reconcile']

/** Packages from outside that an area may import. Nothing else, so that each subpath costs what it says. */
const packages: Record<string, readonly string[]> = {
  core: ['lru-cache'],
  store: ['ajv', 'fast-json-patch', 'immer', 'lru-cache'],
  rollout: ['fast-json-patch'],
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
  if (other === area) return controllerFault(path, area, target)
  if (!/^src\/[^/]+\/(?:(?:node|etcd)\/)?index\.js$/.test(target))
    return 'enter another area through its index.js'
  return mayImport(path, area, other) ? undefined : `${area} must not import ${other}`
}

function mayImport(path: string, area: string, other: string): boolean {
  if (area === 'testing') return true
  if (area === 'index') return other !== 'testing'
  if (deciding.includes(area) && isController(path)) return controllerFriends.includes(other)
  return friends[area]?.includes(other) ?? false
}

/** A pure core must stay usable alone, so nothing in a deciding module leans on its controller. */
function controllerFault(path: string, area: string, target: string): string | undefined {
  if (!deciding.includes(area) || !isController(target) || isController(path)) return undefined
  return path.endsWith('/index.ts') ? undefined : 'the pure core must not lean on its controller'
}

function packageFault(path: string, area: string, specifier: string): string | undefined {
  const folder = /^src\/(.+)\/[^/]+$/.exec(path)?.[1] ?? ''
  if (specifier.startsWith('node:')) {
    return /(?:^|\/)(?:node|etcd)(?:\/|$)/.test(folder) ? undefined : 'node: belongs under node/ or etcd/'
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

function isController(path: string): boolean {
  return /^src\/[^/]+\/(?:[a-z0-9-]+-)?controller\.[jt]s$/.test(path)
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
