import { InvalidError } from '../errors.js'
import type { CharacterSet, PatternNode } from './linear-regexp-parser.js'
import { PATTERN_STEPS_MAX, parsePattern } from './linear-regexp-parser.js'
import { nativePattern } from './native-pattern.js'

/**
 * A regular expression that never backtracks: matching takes O(text × pattern) whatever the pattern is, so
 * that one bad constraint cannot hold up a scheduler.
 */
export interface LinearRegExp {
  readonly source: string
  /** Whether the pattern is found anywhere in the text. */
  search(text: string): boolean
  /** Whether the pattern covers the whole text. */
  matches(text: string): boolean
}

/** One step of the compiled program; numbers are the indexes of steps. */
type Step =
  | { readonly kind: 'set'; readonly set: CharacterSet; readonly next: number }
  | {
      readonly kind: 'assert'
      readonly what: 'start' | 'end' | 'boundary' | 'notBoundary'
      readonly next: number
    }
  | { readonly kind: 'fork'; readonly next: readonly number[] }
  | { readonly kind: 'accept' }

/**
 * Compiles a pattern of the common subset of Go's and JavaScript's syntax, see `parsePattern`.
 *
 * @throws InvalidError when the pattern is malformed, uses look-around or back references, has more than 512
 * characters, or unfolds to more than 5,000 steps
 */
export function compileLinearRegExp(source: string): LinearRegExp {
  const { node, ignoreCase } = parsePattern(source)
  const steps: Step[] = [{ kind: 'accept' }]
  const start = emit({ source, steps, emitted: 0 }, node, 0)
  const run = (text: string, whole: boolean): boolean => simulate({ steps, start, ignoreCase }, text, whole)
  const native = ignoreCase ? undefined : nativePattern(node)
  if (native !== undefined) return compileNative(source, native)
  return Object.freeze({
    source,
    search: (text: string) => run(text, false),
    matches: (text: string) => run(text, true),
  })
}

function compileNative(source: string, pattern: string): LinearRegExp {
  const part = new RegExp(pattern, 'u')
  const whole = new RegExp(`^(?:${pattern})$`, 'u')
  return Object.freeze({
    source,
    search: (text: string) => part.test(text),
    matches: (text: string) => whole.test(text),
  })
}

interface Emitter {
  readonly source: string
  readonly steps: Step[]
  /** Nodes visited, counted apart from steps because an empty group adds none. */
  emitted: number
}

function push(emitter: Emitter, step: Step): number {
  return emitter.steps.push(step) - 1
}

/** Adds the steps of a node that go on at `next`; answers where they start. */
function emit(emitter: Emitter, node: PatternNode, next: number): number {
  if (++emitter.emitted > PATTERN_STEPS_MAX) {
    const message = `unfolds to more than ${PATTERN_STEPS_MAX} steps; use smaller repetitions`
    throw new InvalidError('pattern', [{ field: 'pattern', value: emitter.source, message }])
  }
  switch (node.kind) {
    case 'empty':
      return next
    case 'set':
      return push(emitter, { kind: 'set', set: node.set, next })
    case 'assert':
      return push(emitter, { kind: 'assert', what: node.what, next })
    case 'sequence':
      return node.nodes.reduceRight((after, part) => emit(emitter, part, after), next)
    case 'choice':
      return push(emitter, { kind: 'fork', next: node.nodes.map(part => emit(emitter, part, next)) })
    case 'repeat':
      return emitRepeat(emitter, node, next)
  }
}

function emitRepeat(emitter: Emitter, node: PatternNode & { kind: 'repeat' }, next: number): number {
  let start = next
  if (node.max === Number.POSITIVE_INFINITY) {
    const loop: number[] = [next]
    start = push(emitter, { kind: 'fork', next: loop })
    loop.push(emit(emitter, node.node, start))
  } else {
    for (let i = node.min; i < node.max; i++) {
      start = push(emitter, { kind: 'fork', next: [next, emit(emitter, node.node, start)] })
    }
  }
  for (let i = 0; i < node.min; i++) start = emit(emitter, node.node, start)
  return start
}

interface Program {
  readonly steps: readonly Step[]
  readonly start: number
  readonly ignoreCase: boolean
}

/** Advances all live steps together, one character at a time. */
function simulate({ steps, start, ignoreCase }: Program, text: string, whole: boolean): boolean {
  const characters = Array.from(text)
  let live: number[] = []
  for (let at = 0; at <= characters.length; at++) {
    const seen = new Set<number>()
    const waiting: number[] = []
    if (!whole || at === 0) live.push(start)
    if (
      settle({ steps, seen, waiting }, live, around(characters, at)) &&
      (!whole || at === characters.length)
    )
      return true
    const character = characters[at]
    if (character === undefined) return false
    live = []
    for (const index of waiting) {
      const step = steps[index]
      if (step?.kind === 'set' && accepts(step.set, character, ignoreCase)) live.push(step.next)
    }
  }
  return false
}

/** What stands left and right of a position. */
interface Position {
  readonly before: string | undefined
  readonly after: string | undefined
}

function around(characters: readonly string[], at: number): Position {
  return { before: characters[at - 1], after: characters[at] }
}

interface Closure {
  readonly steps: readonly Step[]
  readonly seen: Set<number>
  /** Steps that wait for a character. */
  readonly waiting: number[]
}

/** Follows forks and assertions; true when the end of the pattern is reached. */
function settle({ steps, seen, waiting }: Closure, from: readonly number[], position: Position): boolean {
  const stack = [...from]
  let accepted = false
  for (;;) {
    const index = stack.pop()
    if (index === undefined) return accepted
    if (seen.has(index)) continue
    seen.add(index)
    const step = steps[index]
    if (step === undefined) continue
    if (step.kind === 'accept') accepted = true
    else if (step.kind === 'set') waiting.push(index)
    else if (step.kind === 'fork') stack.push(...step.next)
    else if (holds(step.what, position)) stack.push(step.next)
  }
}

function holds(what: 'start' | 'end' | 'boundary' | 'notBoundary', { before, after }: Position): boolean {
  switch (what) {
    case 'start':
      return before === undefined
    case 'end':
      return after === undefined
    case 'boundary':
      return isWord(before) !== isWord(after)
    case 'notBoundary':
      return isWord(before) === isWord(after)
  }
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^[A-Za-z0-9_]$/.test(character)
}

function accepts({ ranges, negated }: CharacterSet, character: string, ignoreCase: boolean): boolean {
  if (!ignoreCase) return within(ranges, character) !== negated
  const found =
    within(ranges, character) ||
    within(ranges, character.toLowerCase()) ||
    within(ranges, character.toUpperCase())
  return found !== negated
}

function within(ranges: CharacterSet['ranges'], character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  for (const [first, last] of ranges) if (code >= first && code <= last) return true
  return false
}
