import { compareText } from '../../../core/internal.js'
import type { World } from '../world/world.js'

/** A uid, a time of day, or epoch milliseconds of this century's next decades. */
const TOKEN = String.raw`uid-\d{6}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|(?<![\w.])[12]\d{12}(?![\w.])`
const TOKENS = new RegExp(TOKEN, 'g')
/** As the store makes names of a prefix. */
const GENERATED = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/

/**
 * Lines as one text that two worlds share when they differ in nothing but chance: uids and generated names are called
 * by the order in which they come up, times say how many seconds ago they were.
 */
export function normalizedText(lines: readonly string[], world: Pick<World, 'objects' | 'clock'>): string {
  const generated = new Set<string>()
  for (const { metadata } of world.objects()) if (GENERATED.test(metadata.name)) generated.add(metadata.name)
  const pattern = generated.size === 0 ? TOKENS : patternOf(generated)
  const ordered = generated.size === 0 ? lines : sortedAlike(lines, pattern)
  const known = new Map<string, string>()
  const nowMs = world.clock.nowMs()
  return ordered.join('\n').replace(pattern, token => {
    let name = known.get(token)
    if (name !== undefined) return name
    const isTime = !token.startsWith('uid-') && !generated.has(token)
    name = isTime ? ago(token, nowMs) : `#${known.size}`
    known.set(token, name)
    return name
  })
}

function patternOf(generated: ReadonlySet<string>): RegExp {
  const names = [...generated].sort((a, b) => b.length - a.length || compareText(a, b))
  return new RegExp([...names, TOKEN].join('|'), 'g')
}

/** Lines that differ in names of chance only are in one order, whatever the chance. */
function sortedAlike(lines: readonly string[], pattern: RegExp): readonly string[] {
  return lines
    .map(line => ({ line, masked: line.replace(pattern, '*') }))
    .sort((a, b) => compareText(a.masked, b.masked))
    .map(({ line }) => line)
}

function ago(token: string, nowMs: number): string {
  const atMs = /^\d+$/.test(token) ? Number(token) : Date.parse(token)
  return `${Math.floor((nowMs - atMs) / 1_000)} s ago`
}
