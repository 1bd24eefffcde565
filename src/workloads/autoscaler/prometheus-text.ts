import { InvalidError } from '../../core/index.js'

/** One line of the text format. */
export interface PrometheusSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** May be NaN or infinite, as the text says. */
  readonly value: number
  /** Epoch ms, if the text says. */
  readonly timeMs?: number
}

const LINE = /^([a-zA-Z_:][\w:]*)\s*(\{.*\})?\s+(\S+)(?:\s+(-?\d+))?$/
const LABEL = /^\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/

/** Longest text that is read. */
const TEXT_LENGTH_MAX = 16_000_000

/**
 * Reads Prometheus' text format, version 0.0.4, as `/metrics` serves it; comments and exemplars of OpenMetrics are left out.
 *
 * @throws InvalidError for a line that cannot be read, which it names, and a text of more than 16 million characters
 */
export function parsePrometheusText(text: string): readonly PrometheusSample[] {
  if (text.length > TEXT_LENGTH_MAX) throw fault(0, `${text.length} characters`, 'is too long to be read')
  const samples: PrometheusSample[] = []
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, name, labels, value = '', time] = LINE.exec(line.replace(/ # \{.*$/, '')) ?? []
    if (name === undefined) throw fault(index + 1, line, 'is no sample: name{labels} value [time]')
    samples.push({
      name,
      labels: labels === undefined ? {} : readLabels(labels.slice(1, -1), index + 1),
      value: readValue(value, index + 1),
      ...(time === undefined ? {} : { timeMs: Number(time) }),
    })
  }
  return samples
}

function readLabels(text: string, line: number): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {}
  for (let rest = text; rest.trim() !== ''; ) {
    const [whole, name, value = ''] = LABEL.exec(rest) ?? []
    if (whole === undefined || name === undefined) throw fault(line, rest, 'is no label: name="value"')
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    rest = rest.slice(whole.length)
  }
  return labels
}

const WORDS: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ['NaN', Number.NaN],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['Inf', Number.POSITIVE_INFINITY],
  ['-Inf', Number.NEGATIVE_INFINITY],
])

function readValue(text: string, line: number): number {
  const value = WORDS.get(text) ?? Number(text)
  if (Number.isNaN(value) && text !== 'NaN') throw fault(line, text, 'is no number')
  return value
}

function fault(line: number, value: string, message: string): InvalidError {
  return new InvalidError('Prometheus text', [{ field: `line ${line}`, value: value.slice(0, 200), message }])
}
