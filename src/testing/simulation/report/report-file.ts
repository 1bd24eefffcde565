import { hostFile, hostVariable } from '../../host/host-process.js'
import type { CheckFailedError } from './check-failed-error.js'
import { parseReplay } from './replay-text.js'

const NAME_MAX = 60

/**
 * Writes what a check has found into a Markdown file, with its diagram, if `KEELSON_REPORT` of the environment names a
 * folder. The same failure has the same file name.
 */
export function writeReport(failure: CheckFailedError): void {
  const folder = hostVariable('KEELSON_REPORT')
  if (folder === undefined || folder === '') return
  const { check, seed, way } = parseReplay(failure.replay)
  const invariant = failure.invariant.replaceAll(/[^\p{L}\p{N}]+/gu, '-').slice(0, NAME_MAX)
  hostFile(folder, `${invariant}-${check}-${seed}-${way}.md`, reportText(failure))
}

function reportText({ invariant, message, simulation, regressionTest }: CheckFailedError): string {
  const [headline = ''] = message.split('\n', 1)
  return [
    `# ${invariant}`,
    headline,
    fenced('text', message),
    ...(simulation.wholeTimeline === simulation.timeline ? [] : [fenced('text', simulation.wholeTimeline)]),
    fenced('mermaid', simulation.mermaid),
    fenced('ts', regressionTest),
    '',
  ].join('\n\n')
}

/** Longer than any fence within. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}
