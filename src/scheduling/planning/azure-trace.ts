import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { TraceArrival, WorkloadTrace } from './simulate-trace.js'

/** A trace of Azure's packing data set of 2020, as its two tables. */
export interface AzureTraceTables {
  /** CSV with a header: `vmId`, `vmTypeId`, `priority`, `starttime`, `endtime`; other columns are not read. */
  readonly vm: string
  /** CSV with a header: `vmTypeId`, `machineId`, `core`, `memory`, `hdd`, `ssd`, `nic`, as shares of a machine. */
  readonly vmType: string
  /** Which generation of machines: types that do not run there are left out, with their machines. */
  readonly machineId: string
  /** How many such machines there are; a whole number of at least 1. */
  readonly nodes: number
}

/** A machine has so many units of each resource. */
const UNITS = 1_000_000
const DAY_MS = 86_400_000
const RESOURCES = ['core', 'memory', 'hdd', 'ssd', 'nic'] as const

/**
 * Reads a trace of Azure's packing data set (AzurePublicDatasetV2, Hadary et al., OSDI 2020): times are days, before the
 * trace below 0, and counted from 0 here; a VM without an end stays. Amounts become millionths of a machine, rounded up;
 * `priority` is kept.
 *
 * @throws InvalidError naming the table, the line and the column of what cannot be read
 */
export function readAzureTrace({ vm, vmType, machineId, nodes }: AzureTraceTables): WorkloadTrace {
  const problems = [...wholeNumber('nodes', nodes, { min: 1 })]
  const types = new Map<string, Readonly<Record<string, number>>>()
  for (const row of rowsOf('vmType', vmType, ['vmTypeId', 'machineId', ...RESOURCES], problems)) {
    if (row.text('machineId') !== machineId) continue
    const amounts = RESOURCES.map(name => [name, Math.ceil(row.number(name, 1) * UNITS)] as const)
    types.set(row.text('vmTypeId'), Object.fromEntries(amounts.filter(([, amount]) => amount > 0)))
  }
  const columns = ['vmId', 'vmTypeId', 'priority', 'starttime', 'endtime']
  const arrivals = rowsOf('vm', vm, columns, problems).flatMap((row): TraceArrival[] => {
    const requests = types.get(row.text('vmTypeId'))
    const startMs = row.number('starttime') * DAY_MS
    const atMs = Math.max(0, Math.round(startMs))
    const end = row.text('endtime')
    const endMs = end === '' || end === 'NULL' ? undefined : Math.round(row.number('endtime') * DAY_MS)
    if (requests === undefined) return []
    if (endMs !== undefined && endMs < startMs) row.refuse('endtime', 'must not be before starttime')
    const request = { key: row.text('vmId'), requests, priority: row.number('priority') }
    return [{ atMs, request, ...(endMs === undefined ? {} : { durationMs: Math.max(0, endMs - atMs) }) }]
  })
  if (problems.length > 0) throw new InvalidError('Azure trace', problems)
  const allocatable = Object.fromEntries(RESOURCES.map(name => [name, UNITS]))
  const digits = String(nodes).length
  return {
    nodes: Array.from({ length: nodes }, (_, index) => ({
      name: `node-${String(index).padStart(digits, '0')}`,
      allocatable,
    })),
    arrivals: arrivals.sort((a, b) => a.atMs - b.atMs),
  }
}

/** One line of a table. */
interface Row {
  text(column: string): string
  /** A finite number, of at least 0 and at most `max` if that is given. */
  number(column: string, max?: number): number
  refuse(column: string, message: string): void
}

/** The lines of a table; what is wrong with them is added to the problems. */
function rowsOf(
  table: string,
  csv: string,
  columns: readonly string[],
  problems: FieldProblem[],
): readonly Row[] {
  const [header = '', ...lines] = csv.split(/\r?\n/)
  const names = header.split(',').map(name => name.trim())
  const missing = columns.filter(column => !names.includes(column))
  for (const column of missing)
    problems.push({ field: `${table}.${column}`, value: header, message: 'is no column of the header' })
  if (missing.length > 0) return []
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    const cells = line.split(',').map(cell => cell.trim())
    const text = (column: string): string => cells[names.indexOf(column)] ?? ''
    const refuse = (column: string, message: string): void => {
      problems.push({ field: `${table} line ${index + 2}, ${column}`, value: text(column), message })
    }
    const number = (column: string, max?: number): number => {
      const value = text(column) === '' ? Number.NaN : Number(text(column))
      const isFine = Number.isFinite(value) && (max === undefined || (value >= 0 && value <= max))
      if (!isFine)
        refuse(column, max === undefined ? 'must be a number' : `must be a number from 0 to ${max}`)
      return isFine ? value : 0
    }
    return [{ text, number, refuse }]
  })
}
