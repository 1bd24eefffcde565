import type { PortRanges } from '../../core/index.js'
import { hasPort, portRangesOf, subtractPortRanges, takePorts } from '../../core/internal.js'

/**
 * Ports for what is asked: a number is that port, 0 any one, `null` none. Fixed ports are set aside first; the others
 * are consecutive among those offered, beginning with the one at index `start` of
 * those that are left, and going on from the lowest after the
 * highest. Undefined when they cannot all be had.
 */
export function choosePorts(
  offered: PortRanges,
  asked: readonly (number | null)[],
  start = 0,
): readonly (number | null)[] | undefined {
  const fixed = asked.filter((port): port is number => port !== null && port !== 0)
  if (new Set(fixed).size < fixed.length || !fixed.every(port => hasPort(offered, port))) return undefined
  const rest = subtractPortRanges(offered, portRangesOf(fixed.map(port => [port, port] as const)))
  const dynamic = takePorts(rest, asked.filter(port => port === 0).length, start)
  if (dynamic === undefined) return undefined
  const taken = [...dynamic.taken]
  return asked.map(port => (port === 0 ? (taken.shift() ?? null) : port))
}
