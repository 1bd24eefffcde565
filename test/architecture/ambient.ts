import type { Node, SourceFile } from './source-file.js'
import { walk } from './source-file.js'

const globals = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'console']
const members: Record<string, readonly string[]> = {
  Date: ['now'],
  performance: ['now', 'timeOrigin'],
  process: ['nextTick', 'hrtime', 'uptime'],
  AbortSignal: ['timeout'],
  Math: ['random'],
  crypto: ['randomUUID', 'getRandomValues', 'randomBytes', 'randomInt'],
}
const modules: Record<string, readonly string[]> = {
  'node:perf_hooks': ['performance'],
  'node:crypto': ['randomUUID', 'getRandomValues', 'randomBytes', 'randomInt', 'webcrypto'],
  'node:process': ['nextTick', 'hrtime', 'uptime'],
}

/**
 * Time, timers, deferral and chance reach a shell through its Env alone. Only core, which makes the system
 * Env, and the simulator's own watchdog may take them from the host.
 */
export function ambientViolations(file: SourceFile): string[] {
  if (file.path.startsWith('src/core/') || file.path === 'src/testing/host/event-loop.ts') return []
  const found: string[] = []
  const report = (line: number, what: string): void => {
    found.push(`${file.path}:${line} uses ${what}: take it from Env`)
  }
  for (const { specifier, names, line } of file.imports) {
    if (/^(?:node:)?timers(?:\/|$)/.test(specifier)) report(line, specifier)
    for (const name of modules[specifier] ?? [])
      if (names.includes(name)) report(line, `${specifier} ${name}`)
  }
  for (const statement of file.body) {
    walk(statement, (node, parent, key) => {
      const what = ambientUse(node, parent, key)
      if (what !== undefined) report(file.lineOf(node), what)
    })
  }
  return found
}

function ambientUse(node: Node, parent: Node | undefined, key: string | undefined): string | undefined {
  if (node.type === 'Identifier')
    return isPropertyName(parent, key) ? undefined : forbiddenGlobal(dotted(node))
  if (node.type === 'MemberExpression') return forbiddenGlobal(dotted(node)) ?? forbiddenMember(dotted(node))
  if (node.type === 'NewExpression' && dotted(node['callee'] as Node) === 'Date') return 'new Date'
  if (node.type === 'CallExpression' && dotted(node['callee'] as Node) === 'Date') return 'Date()'
  if (node.type === 'VariableDeclarator') return takenApart(node)
  return undefined
}

/** `const { random } = Math` reaches the same thing by another door. */
function takenApart(node: Node): string | undefined {
  const pattern = node['id'] as Node
  const from = node['init'] as Node | null
  if (pattern.type !== 'ObjectPattern' || from === null) return undefined
  const names = (pattern['properties'] as Node[]).map(property =>
    dotted((property['key'] ?? property) as Node),
  )
  const owner = dotted(from)
  return names.map(name => forbiddenMember(`${owner}.${name}`) ?? globalOf(owner, name)).find(what => what)
}

function globalOf(owner: string, name: string): string | undefined {
  return owner === 'globalThis' ? forbiddenGlobal(name) : undefined
}

function forbiddenGlobal(name: string): string | undefined {
  return globals.includes(name) ? name : undefined
}

function forbiddenMember(name: string): string | undefined {
  const [owner = '', property = ''] = name.split('.')
  return members[owner]?.includes(property) ? name : undefined
}

/** The name of a member of an object, a class or a type; not a use of the global of that name. */
function isPropertyName(parent: Node | undefined, key: string | undefined): boolean {
  if (parent === undefined || parent['computed'] === true) return false
  return key === 'property' || key === 'key'
}

/** `a.b.c` as text, without `globalThis.`; empty for anything that is not a plain path. */
function dotted(node: Node): string {
  if (node.type === 'Identifier') return String(node['name'])
  if (node.type !== 'MemberExpression') return ''
  const property = node['property'] as Node
  const name = node['computed'] === true ? property['value'] : property['name']
  return `${dotted(node['object'] as Node)}.${String(name)}`.replace(
    /^(?:globalThis|global|self|window)\./,
    '',
  )
}
