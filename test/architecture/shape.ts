import type { Node, SourceFile } from './source-file.js'
import { exportedNames, isNode, nameOf, walk } from './source-file.js'

/** The guards against size. A decision record may grant one module more. */
export const limits = { rootExports: 40, moduleExports: 60, moduleLines: 4000, fileLines: 400 } as const

/** What a decision record grants: `module`, what is counted, and the new limit. */
export interface Grant {
  readonly module: string
  readonly counted: 'exports' | 'lines'
  readonly limit: number
}

/** Reads the lines `Limit: store exports 72` of a decision record. */
export function grantsIn(record: string): Grant[] {
  return [...record.matchAll(/^Limit: (\S+) (exports|lines) (\d+)$/gm)].map(
    ([, module = '', counted, limit]) => ({
      module,
      counted: counted as Grant['counted'],
      limit: Number(limit),
    }),
  )
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
    })
  }
  if (name === 'index.ts') {
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

/** `{ ...{ a, b } }`: a way to save lines that hides which members an object has. */
function spreadsLiteral(node: Node): boolean {
  if (node.type !== 'ObjectExpression') return false
  return (node['properties'] as Node[]).some(
    ({ type, argument }) =>
      type === 'SpreadElement' && isNode(argument) && argument.type === 'ObjectExpression',
  )
}

/** Rules on whole modules. An entry point's exports are the names in its index.ts, values and types alike. */
export function sizeViolations(files: readonly SourceFile[], grants: readonly Grant[]): string[] {
  const found: string[] = []
  const check = (module: string, counted: Grant['counted'], count: number, limit: number): void => {
    const granted = grants.find(grant => grant.module === module && grant.counted === counted)?.limit ?? limit
    if (count > granted) found.push(`${module} has ${count} ${counted}, at most ${granted}`)
  }
  const lines = new Map<string, number>()
  for (const file of files) {
    const [, area = '', inside] = file.path.split('/')
    if (inside !== undefined) lines.set(area, (lines.get(area) ?? 0) + file.lineCount)
    const entry = /^src\/(?:([^/]+(?:\/(?:node|etcd))?)\/)?index\.ts$/.exec(file.path)
    if (!entry) continue
    const limit = entry[1] === undefined ? limits.rootExports : limits.moduleExports
    check(entry[1] ?? 'keelson', 'exports', exportedNames(file).length, limit)
  }
  for (const [area, count] of lines) check(area, 'lines', count, limits.moduleLines)
  return found
}
