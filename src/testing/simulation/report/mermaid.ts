import { foldRepeats } from './fold-repeats.js'
import type { ObservedStep } from './observation.js'
import { actionText, deliveriesText, durationText, resultText } from './step-text.js'
import { idOf } from './timeline.js'

const LINES_MAX = 80
const TAIL_LINES = 20
const STORE = 'store'

/**
 * A sequence diagram in the language of Mermaid: who wrote what, and which revision it led to; what was delivered to
 * whom; faults as notes with a bolt. Stretches that come again and again are loops, and of what is still too long the
 * middle is left out.
 */
export function formatMermaid(steps: readonly ObservedStep[]): string {
  const lanes = lanesOf(steps)
  let lastMs = 0
  const blocks = foldRepeats(steps, idOf).flatMap(({ items, times, all }) => {
    const lines = items.map(step => {
      const passedMs = step.timeMs - lastMs
      lastMs = step.timeMs
      return [
        ...(passedMs > 1 && times === 1 ? [lanes.across(`${durationText(passedMs - 1)} later`)] : []),
        ...stepLines(step, lanes),
      ]
    })
    lastMs = all.at(-1)?.timeMs ?? lastMs
    return times === 1 ? lines : [[`loop ${times} times`, ...lines.flat().map(line => `  ${line}`), 'end']]
  })
  const body = cut(blocks, left => lanes.across(`${left} lines left out`))
  return ['sequenceDiagram', ...[...lanes.declarations, ...body].map(line => `  ${line}`)].join('\n')
}

/** Those who act, each with a name that the language cannot mistake for one of its words. */
interface Lanes {
  readonly declarations: readonly string[]
  idOf(actor: string): string
  /** A note over all of them. */
  across(text: string): string
}

function lanesOf(steps: readonly ObservedStep[]): Lanes {
  const actors = [...new Set(steps.map(({ actor }) => actor))]
  // Whoever writes stands left of the store, and whoever it delivers to stands right of it.
  const processes = actors.filter(actor => actor.startsWith('app-'))
  const ordered = [...actors.filter(actor => !processes.includes(actor)), STORE, ...processes]
  const ids = new Map(ordered.map((actor, at) => [actor, `p${at + 1}`]))
  const idOf = (actor: string): string => ids.get(actor) ?? 'p1'
  return {
    idOf,
    declarations: ordered.map(actor => `participant ${idOf(actor)} as ${escaped(actor)}`),
    across: text => `Note over p1,p${ordered.length}: ${escaped(text)}`,
  }
}

function stepLines(step: ObservedStep, { idOf }: Lanes): readonly string[] {
  const { kind, actor, label, revision, isFault, refusals } = step
  const own = idOf(actor)
  const store = idOf(STORE)
  const mark = isFault ? '⚡ ' : ''
  if (kind === 'deliver')
    return [
      `${store}->>${own}: ${escaped(step.deliveries.length === 0 ? label : deliveriesText(step.deliveries))}`,
    ]
  const [did, after] = label.split(', then ', 2)
  const isWrite = revision !== undefined || kind === 'commit'
  if (!isWrite) {
    const result = resultText(step)
    const text = `${mark}${actionText(step)}${result === undefined ? '' : ` (${result})`}`
    return [`Note over ${own}: ${escaped(text)}`]
  }
  const result = refusals.length > 0 || revision === undefined ? resultText(step) : undefined
  const what = `${did}${result === undefined ? '' : ` (${result})`}${revision === undefined ? '' : ` @${revision}`}`
  const arrow = refusals.length > 0 ? '-x' : revision === undefined ? '-->>' : '->>'
  const line = `${own}${arrow}${store}: ${escaped(after === undefined ? `${mark}${what}` : what)}`
  return after === undefined ? [line] : [line, `Note over ${own}: ${escaped(`${mark}${after}`)}`]
}

function cut(blocks: readonly (readonly string[])[], left: (lines: number) => string): readonly string[] {
  const total = blocks.reduce((sum, block) => sum + block.length, 0)
  if (total <= LINES_MAX) return blocks.flat()
  const head = fitting(blocks, LINES_MAX - TAIL_LINES)
  const tail = fitting(blocks.slice(head.length).reverse(), TAIL_LINES).reverse()
  const kept = [...head, ...tail].reduce((sum, block) => sum + block.length, 0)
  return [...head.flat(), left(total - kept), ...tail.flat()]
}

/** Blocks of at most so many lines together. */
function fitting(blocks: readonly (readonly string[])[], linesMax: number): (readonly string[])[] {
  let lines = 0
  const end = blocks.findIndex(block => (lines += block.length) > linesMax)
  return blocks.slice(0, end === -1 ? blocks.length : end)
}

/** Text of a message or a name: nothing in it ends it early, begins a comment, sets an option, or is markup. */
function escaped(text: string): string {
  const plain = text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replaceAll(/[#;%<>{}"\\]|(?<=^(?:no)?wrap):/gi, character => `#${character.charCodeAt(0)};`)
  return plain === '' ? '…' : plain
}
