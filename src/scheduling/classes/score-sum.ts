import { UsageError } from '../../core/index.js'
import type { ScorePlugin } from '../plugins/plugin.js'

/** Totals are whole numbers of this fraction, so that no sum depends on its order. */
export const SCORE_UNIT: number = 2 ** -20

/** A weighted score in whole units. */
export function scoreUnits(score: number, weight: number): number {
  return Math.round((score * weight) / SCORE_UNIT)
}

/** An invalid score, such as NaN, would silently lose or win every comparison. */
export function checkedScore(plugin: ScorePlugin, score: unknown): number {
  if (typeof score === 'number' && score >= 0 && score <= 100) return score
  throw fault(plugin, score, 'a number from 0 to 100')
}

/** A raw score that is still to be made one from 0 to 100. */
export function checkedRaw(plugin: ScorePlugin, score: unknown): number {
  const isFine = typeof score === 'number' && Number.isFinite(score)
  if (isFine && (score >= 0 || plugin.normalize === 'minMax')) return score
  throw fault(
    plugin,
    score,
    plugin.normalize === 'minMax' ? 'a finite number' : 'a finite number of at least 0',
  )
}

function fault(plugin: ScorePlugin, score: unknown, wanted: string): UsageError {
  return new UsageError(`score plugin ${plugin.name} returned ${String(score)}; it must return ${wanted}`, {
    plugin: plugin.name,
    score: String(score),
  })
}
