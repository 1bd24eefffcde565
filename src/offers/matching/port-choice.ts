import type { PortRanges } from '../../core/index.js'
import { countPorts, hasPort, portRangesOf, subtractPortRanges, takePorts } from '../../core/internal.js'

/**
 * Ports for what is asked: a number is that port, 0 any one, `null` none. Fixed ports are set aside first; the others
 * come from the first of the offered ranges that has some left. Of one they are consecutive, beginning with the one at
 * index `start` of those that are left, and going on from the lowest after the highest. Undefined when they cannot all
 * be had.
 *
 * @param offered ranges in the order in which they are to be used
 */
export function choosePorts(
  offered: readonly PortRanges[],
  asked: readonly (number | null)[],
  start = 0,
): readonly (number | null)[] | undefined {
  const fixed = asked.filter((port): port is number => port !== null && port !== 0)
  if (new Set(fixed).size < fixed.length) return undefined
  if (!fixed.every(port => offered.some(ranges => hasPort(ranges, port)))) return undefined
  const setAside = portRangesOf(fixed.map(port => [port, port] as const))
  const chosen: number[] = []
  let missing = asked.filter(port => port === 0).length
  for (const ranges of offered) {
    const rest = subtractPortRanges(ranges, setAside)
    const taken = takePorts(rest, Math.min(missing, countPorts(rest)), start)?.taken ?? []
    chosen.push(...taken)
    missing -= taken.length
  }
  if (missing > 0) return undefined
  return asked.map(port => (port === 0 ? (chosen.shift() ?? null) : port))
}
