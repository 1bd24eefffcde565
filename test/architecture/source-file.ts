import { parseAst } from 'vitest/node'

/** One import or re-export of a file, types included. */
export interface Import {
  readonly specifier: string
  readonly names: readonly string[]
  readonly line: number
}

/** A syntax node as the parser gives it: `type`, `start`, and children under any key. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

/** A parsed TypeScript file. `path` is relative to the checkout, with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly lineCount: number
  readonly body: readonly Node[]
  readonly imports: readonly Import[]
  /** Line of a node, counted from 1. */
  lineOf(node: Node): number
}

export function parseSource(path: string, text: string): SourceFile {
  const program = parseAst(text, { lang: /\.m?js$/.test(path) ? 'js' : 'ts' }) as unknown as Node
  const body = program['body'] as readonly Node[]
  const lineOf = (node: Node): number => text.slice(0, node.start).split('\n').length
  const imports: Import[] = []
  for (const statement of body) {
    walk(statement, node => {
      const specifier = specifierOf(node)
      if (specifier !== undefined) imports.push({ specifier, names: importedNames(node), line: lineOf(node) })
    })
  }
  const lineCount = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return { path, lineCount, body, imports, lineOf }
}

/** Calls `visit` on every node below and including `node`, parents first. */
export function walk(
  node: Node,
  visit: (node: Node, parent?: Node, key?: string) => void,
  parent?: Node,
  under?: string,
): void {
  visit(node, parent, under)
  for (const [key, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) walk(child, visit, node, key)
  }
}

/** The names that the statements of an index file export, types included. */
export function exportedNames(file: SourceFile): string[] {
  return file.body.flatMap(statement => {
    if (statement['type'] !== 'ExportNamedDeclaration') return []
    return (statement['specifiers'] as Node[]).map(({ exported }) => nameOf(exported))
  })
}

function specifierOf(node: Node): string | undefined {
  const holders = [
    'ImportDeclaration',
    'ExportNamedDeclaration',
    'ExportAllDeclaration',
    'ImportExpression',
    'TSImportType',
    'TSExternalModuleReference',
  ]
  if (node.type === 'CallExpression' && nameOf(node['callee']) === 'require') {
    return literal((node['arguments'] as unknown[])[0])
  }
  if (!holders.includes(node.type)) return undefined
  return literal(node['source'] ?? node['expression'])
}

function importedNames(node: Node): string[] {
  const specifiers = (node['specifiers'] ?? []) as Node[]
  return specifiers.flatMap(({ imported, local }) => nameOf(imported ?? local) || [])
}

function literal(node: unknown): string | undefined {
  return isNode(node) && typeof node['value'] === 'string' ? node['value'] : undefined
}

export function nameOf(node: unknown): string {
  if (!isNode(node)) return ''
  const name = node['name'] ?? node['value']
  return typeof name === 'string' ? name : ''
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}
