import type { StepResponse } from 'keelson/workloads/autoscaler'

const ROWS = 12

/** Replicas over time: `#` what there are, `-` what the load asks for. */
export function chart({ points }: StepResponse, columns = 96): string {
  const most = Math.max(...points.flatMap(({ replicas, needed }) => [replicas, needed]))
  const at = (column: number) => points[Math.floor((column * (points.length - 1)) / (columns - 1))]
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const level = (most * (ROWS - index)) / ROWS
    const half = most / ROWS / 2
    const line = Array.from({ length: columns }, (_, column) => {
      const { replicas = 0, needed = 0 } = at(column) ?? {}
      if (Math.abs(needed - level) <= half) return '-'
      return replicas >= level - half ? '#' : ' '
    })
    return `${String(Math.round(level)).padStart(4)} |${line.join('')}`
  })
  return rows.map(row => row.trimEnd()).join('\n')
}
