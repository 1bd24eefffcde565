// Finds what can be flipped in a source file, and writes it with a switch at each such place: one build then holds
// every mutant, and `$mutant(17)` says whether the 17th is the one that is on.
import { parseAst } from 'vitest/node'

const FLIPPED = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&': ['|'],
  '|': ['&'],
  '+=': ['-='],
  '-=': ['+='],
  '++': ['--'],
  '--': ['++'],
}
const OPERATIONS = new Set(['BinaryExpression', 'AssignmentExpression', 'UpdateExpression'])
const OTHER_BOUND = { min: 'max', max: 'min' }

/**
 * The source with its switches, and what each of them does. Relational operators become the neighbours on both sides,
 * arithmetic ones their inverses, `min` becomes `max`, and a number the one above and the one below.
 */
export function withMutants(file, source, firstId) {
  const mutants = []
  const lineOf = offset => source.slice(0, offset).split('\n').length
  const textOf = node => source.slice(node.start, node.end)
  const emit = node => {
    const text = withChildren(node)
    const flips = flipsOf(node, textOf)
    if (flips.length === 0) return text
    const switches = flips.map(({ becomes, code }) => {
      const id = firstId + mutants.length
      mutants.push({ id, file, line: lineOf(node.start), was: textOf(node).replace(/\s+/g, ' '), becomes })
      return `$mutant(${id})?(${code}):`
    })
    return `(${switches.join('')}(${text}))`
  }
  const withChildren = node => {
    let text = ''
    let at = node.start
    for (const child of childrenOf(node)) {
      text += source.slice(at, child.start) + emit(child) + (isStatementOf(node, child) ? ';' : '')
      at = child.end
    }
    return text + source.slice(at, node.end)
  }
  const program = parseAst(source, { lang: 'ts' })
  const code = source.slice(0, program.start) + withChildren(program) + source.slice(program.end)
  return { code, mutants }
}

function flipsOf(node, textOf) {
  if (OPERATIONS.has(node.type)) {
    return (FLIPPED[node.operator] ?? []).map(operator => ({
      becomes: operator,
      code: withOperator(node, operator, textOf),
    }))
  }
  if (node.type === 'Literal' && typeof node.value === 'number')
    return [node.value + 1, node.value - 1].map(value => ({ becomes: `${value}`, code: `${value}` }))
  const text = textOf(node)
  if (text === 'Number.POSITIVE_INFINITY' || text === 'Infinity') return [{ becomes: '1', code: '1' }]
  if (node.type !== 'CallExpression') return []
  const [, bound, rest] = /^Math\.(min|max)(\(.*)$/s.exec(text) ?? []
  return bound === undefined
    ? []
    : [{ becomes: OTHER_BOUND[bound], code: `Math.${OTHER_BOUND[bound]}${rest}` }]
}

function withOperator(node, operator, textOf) {
  if (node.type !== 'UpdateExpression') return `(${textOf(node.left)}) ${operator} (${textOf(node.right)})`
  return node.prefix ? `${operator}${textOf(node.argument)}` : `${textOf(node.argument)}${operator}`
}

const STATEMENTS = new Set([
  'ExpressionStatement',
  'ReturnStatement',
  'ThrowStatement',
  'VariableDeclaration',
])

/** Whether a semicolon is due: the next line may begin with a parenthesis now. */
function isStatementOf(parent, { type }) {
  return STATEMENTS.has(type) && !parent.type.startsWith('For')
}

/** Those that are code, in order: no types, and no names of members. */
function childrenOf(node) {
  const children = []
  for (const [field, value] of Object.entries(node)) {
    const isName = (field === 'key' || field === 'property') && node.computed !== true
    if (isName || field === 'typeAnnotation' || field === 'typeArguments' || field === 'returnType') continue
    for (const child of Array.isArray(value) ? value : [value]) if (isCode(child)) children.push(child)
  }
  return children.sort((a, b) => a.start - b.start)
}

const AROUND_CODE = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'])

function isCode(value) {
  if (value === null || typeof value !== 'object' || typeof value.type !== 'string') return false
  if (value.type.startsWith('TS')) return AROUND_CODE.has(value.type)
  return !value.type.startsWith('Import')
}
