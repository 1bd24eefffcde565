import type { Node, SourceFile } from './source-file.js'
import { exportedNames, isNode, nameOf, walk } from './source-file.js'

/** The guards against size; those of entry points are in etc/size.json. */
export const limits = { fileLines: 400 } as const

/** Files that are nothing but lists of names: for users, and for the other modules of the package. */
function isDoor(name: string): boolean {
  return name === 'index.ts' || name === 'internal.ts'
}

/** Rules on one file: its length, its name, and that an index is nothing but a list of names. */
export function shapeViolations(file: SourceFile): string[] {
  const name = file.path.split('/').at(-1) ?? ''
  const found: string[] = []
  if (file.lineCount > limits.fileLines)
    found.push(`${file.path} has ${file.lineCount} lines, at most ${limits.fileLines}`)
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(name)) found.push(`${file.path} is not named in kebab-case`)
  if (/(?:^|-)(?:util|utils|helper|helpers|misc|common)(?:-|\.)/.test(name)) {
    found.push(`${file.path} has a name that says nothing`)
  }
  for (const statement of file.body) {
    found.push(...constantFaults(statement).map(fault => `${file.path}:${file.lineOf(statement)} ${fault}`))
    walk(statement, node => {
      if (node['accessibility'] === 'private')
        found.push(`${file.path}:${file.lineOf(node)} has a private member: write #${nameOf(node['key'])}`)
      if (spreadsLiteral(node))
        found.push(`${file.path}:${file.lineOf(node)} spreads an object literal: list its members`)
      if (hasAccessor(node))
        found.push(`${file.path}:${file.lineOf(node)} has a getter in an object literal: make it a class`)
    })
  }
  if (isDoor(name)) {
    for (const statement of file.body) {
      if (statement.type === 'ExportNamedDeclaration' && statement['source'] != null) continue
      found.push(`${file.path}:${file.lineOf(statement)} is not a named re-export`)
    }
  }
  return found
}

/** A value that never changes and that a reader compares or searches for has one case: CONSTANT_CASE. */
function constantFaults(statement: Node): string[] {
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement['declaration'] : statement
  if (!isNode(declaration) || declaration.type !== 'VariableDeclaration' || declaration['kind'] !== 'const')
    return []
  return (declaration['declarations'] as Node[]).flatMap(({ id, init }) => {
    const name = isNode(id) && id.type === 'Identifier' ? String(id['name']) : undefined
    if (name === undefined || /^[A-Z][A-Z0-9_]*$/.test(name) || !isFixedValue(init)) return []
    return [`names a fixed value ${name}: write it in CONSTANT_CASE`]
  })
}

/** A primitive value or a pattern, written out or computed from such. */
function isFixedValue(node: unknown): boolean {
  if (!isNode(node)) return false
  if (node.type === 'Literal' || node.type === 'TemplateLiteral') return true
  if (node.type === 'UnaryExpression') return isFixedValue(node['argument'])
  if (node.type === 'BinaryExpression') return isFixedValue(node['left']) && isFixedValue(node['right'])
  if (node.type === 'TSAsExpression') return isFixedValue(node['expression'])
  return node.type === 'Identifier' && /^[A-Z][A-Z0-9_]*$/.test(String(node['name']))
}

/** `{ get a() {} }`: each one has a shape of its own, which takes long to make and holds all that the getter sees. */
function hasAccessor(node: Node): boolean {
  if (node.type !== 'ObjectExpression') return false
  return (node['properties'] as Node[]).some(({ kind }) => kind === 'get' || kind === 'set')
}

/** `{ ...{ a, b } }`: a way to save lines that hides which members an object has. */
function spreadsLiteral(node: Node): boolean {
  if (node.type !== 'ObjectExpression') return false
  return (node['properties'] as Node[]).some(
    ({ type, argument }) =>
      type === 'SpreadElement' && isNode(argument) && argument.type === 'ObjectExpression',
  )
}

/** Files of one name, which an editor's tabs and a search by name cannot tell apart; index files aside. */
export function nameViolations(files: readonly SourceFile[]): string[] {
  const byName = new Map<string, string[]>()
  for (const { path } of files) {
    const name = path.split('/').at(-1) ?? ''
    if (!isDoor(name)) byName.set(name, [...(byName.get(name) ?? []), path])
  }
  return [...byName.values()].filter(paths => paths.length > 1).map(paths => paths.join(', '))
}

/**
 * Entry points whose index.ts does not export as many names, types included, as etc/size.json says. The number is
 * exact, so that each name more or less is a line in a reviewed file.
 */
export function exportViolations(
  files: readonly SourceFile[],
  reviewed: Readonly<Record<string, { readonly exports: number }>>,
): string[] {
  return files.flatMap(file => {
    const entry = /^src\/(?:([^/]+(?:\/(?:node|etcd))?)\/)?index\.ts$/.exec(file.path)
    if (!entry) return []
    const subpath = entry[1] === undefined ? '.' : `./${entry[1]}`
    const count = exportedNames(file).length
    const wanted = reviewed[subpath]?.exports
    if (count === wanted) return []
    return [`${subpath} has ${count} exports, etc/size.json says ${wanted ?? 'nothing'}`]
  })
}
