import type { CharacterSet, PatternNode } from './linear-regexp-parser.js'
import { PATTERN_STEPS_MAX } from './linear-regexp-parser.js'

/**
 * The pattern for the regular expressions of the platform, which are faster and backtrack; undefined where they could
 * take more than linear time. They do not if the pattern starts at the start of the text and repeats one thing without
 * end, or nothing, and all its ways of matching one stretch of text are no more steps together than ours would take.
 */
export function nativePattern(node: PatternNode): string | undefined {
  const { ways, steps, endless } = effort(node)
  const isAnchored = node.kind === 'sequence' && isStart(node.nodes[0])
  return ways * steps <= PATTERN_STEPS_MAX && endless <= (isAnchored ? 1 : 0) ? render(node) : undefined
}

interface Effort {
  /** How many ways there are of matching one stretch of text. */
  readonly ways: number
  /** At most so many in each, with what is repeated without end as often as it must be. */
  readonly steps: number
  /** Repetitions without end; more than one for those inside of others. */
  readonly endless: number
}

function effort(node: PatternNode): Effort {
  switch (node.kind) {
    case 'empty':
    case 'set':
    case 'assert':
      return { ways: 1, steps: 1, endless: 0 }
    case 'sequence':
    case 'choice': {
      const parts = node.nodes.map(effort)
      const choices = node.kind === 'choice' ? parts.length : 1
      return {
        ways: parts.reduce((product, part) => product * part.ways, choices),
        steps: parts.reduce((sum, part) => sum + part.steps, 0),
        endless: parts.reduce((sum, part) => sum + part.endless, 0),
      }
    }
    case 'repeat': {
      const { ways, steps, endless } = effort(node.node)
      if (node.max === Number.POSITIVE_INFINITY)
        return {
          ways: ways === 1 ? 1 : Number.POSITIVE_INFINITY,
          steps: steps * Math.max(1, node.min),
          endless: endless + 1,
        }
      return {
        ways: waysOfRepeat(ways, node),
        steps: Math.max(1, steps * node.max),
        endless: endless * Math.max(1, node.max),
      }
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
