import type { CharacterSet, PatternNode } from './linear-regexp-parser.js'

/** How many ways a pattern may have of matching one stretch of text, for the regular expressions of the platform. */
const WAYS_MAX = 100

/**
 * The pattern for the regular expressions of the platform, which are faster and backtrack; undefined where they could
 * take more than linear time. They do not if the pattern starts at the start of the text and repeats one thing without
 * end, or nothing, and has few ways to go besides.
 */
export function nativePattern(node: PatternNode): string | undefined {
  const { ways, endless } = effort(node)
  const isAnchored = node.kind === 'sequence' && isStart(node.nodes[0])
  return ways <= WAYS_MAX && endless <= (isAnchored ? 1 : 0) ? render(node) : undefined
}

interface Effort {
  readonly ways: number
  /** Repetitions without end; more than one for those inside of others. */
  readonly endless: number
}

function effort(node: PatternNode): Effort {
  switch (node.kind) {
    case 'empty':
    case 'set':
    case 'assert':
      return { ways: 1, endless: 0 }
    case 'sequence':
    case 'choice': {
      const parts = node.nodes.map(effort)
      const choices = node.kind === 'choice' ? parts.length : 1
      return {
        ways: parts.reduce((product, part) => product * part.ways, choices),
        endless: parts.reduce((sum, part) => sum + part.endless, 0),
      }
    }
    case 'repeat': {
      const { ways, endless } = effort(node.node)
      if (node.max === Number.POSITIVE_INFINITY)
        return { ways: ways === 1 ? 1 : Number.POSITIVE_INFINITY, endless: endless + 1 }
      return { ways: waysOfRepeat(ways, node), endless: endless * Math.max(1, node.max) }
    }
  }
}

/** Each number of repetitions has its ways: the sum of the powers. */
function waysOfRepeat(ways: number, { min, max }: { readonly min: number; readonly max: number }): number {
  if (ways === 1) return max - min + 1
  return (ways ** (max + 1) - ways ** min) / (ways - 1)
}

function isStart(node: PatternNode | undefined): boolean {
  return node?.kind === 'assert' && node.what === 'start'
}

const ASSERTIONS = { start: '^', end: '$', boundary: '\\b', notBoundary: '\\B' } as const

function render(node: PatternNode): string {
  switch (node.kind) {
    case 'empty':
      return ''
    case 'set':
      return renderSet(node.set)
    case 'assert':
      return ASSERTIONS[node.what]
    case 'sequence':
      return node.nodes.map(render).join('')
    case 'choice':
      return `(?:${node.nodes.map(render).join('|')})`
    case 'repeat':
      return `(?:${render(node.node)}){${node.min},${node.max === Number.POSITIVE_INFINITY ? '' : node.max}}`
  }
}

function renderSet({ ranges, negated }: CharacterSet): string {
  const escape = (code: number): string => `\\u{${code.toString(16)}}`
  const inside = ranges.map(([first, last]) => `${escape(first)}-${escape(last)}`).join('')
  return `[${negated ? '^' : ''}${inside}]`
}
