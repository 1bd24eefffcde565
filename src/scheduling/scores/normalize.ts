import { wholePercent } from './percent.js'

/**
 * Whole percent of the largest raw score; all 0 when none is above 0. Raw scores are whole numbers of at least 0.
 * kube-scheduler's default normaliser.
 */
function normalizeToMax(raw: readonly number[]): number[] {
  const max = raw.reduce((a, b) => Math.max(a, b), 0)
  return raw.map(score => (max === 0 ? 0 : wholePercent(score, max)))
}

/** 100 less what {@link normalizeToMax} gives: the largest raw score becomes 0; all 100 when none is above 0. */
export function normalizeToMaxReversed(raw: readonly number[]): number[] {
  return normalizeToMax(raw).map(score => 100 - score)
}
