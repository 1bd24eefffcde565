import { parseArgs } from 'node:util'
import type { Row } from './row.js'

/** What the command line asks for. */
export interface BenchOptions {
  readonly rows: readonly Row[]
  /** Instead of each row's own sizes. */
  readonly sizes: readonly number[] | undefined
  readonly peers: boolean
  readonly list: boolean
  /** How often each subject is measured, in turns, instead of what each row says. */
  readonly runs: number | undefined
  /** Whether to tell where our time goes. */
  readonly profile: boolean
}

/** Shown for `--list` and for a mistake. */
export const USAGE: string =
  'npm run bench -- <name> [--row a,b] [--size 10000,100000] [--runs 5] [--profile] [--no-peers] [--list]\n' +
  '  --row       only these rows\n' +
  '  --size      so many objects instead of what the row asks for\n' +
  '  --runs      how often each subject is measured, in turns; medians are shown\n' +
  '  --profile   where our time goes and that of the floor, by stage or source file\n' +
  '  --no-peers  without the packages that we compare with'

/** @throws Error with a remedy for a flag or a row that does not exist */
export function parseOptions(rows: readonly Row[], args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      row: { type: 'string' },
      size: { type: 'string' },
      'no-peers': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      runs: { type: 'string' },
      profile: { type: 'boolean', default: false },
    },
  })
  const wanted = values.row?.split(',')
  const unknown = wanted?.filter(name => !rows.some(row => row.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(`no row ${unknown.join(', ')}; there are: ${rows.map(({ name }) => name).join(', ')}`)
  const sizes = values.size?.split(',').map(Number)
  if (sizes?.every(size => Number.isSafeInteger(size) && size > 0) === false)
    throw new Error(`--size takes whole numbers above 0, not ${values.size}`)
  const runs = values.runs === undefined ? undefined : Number(values.runs)
  if (runs !== undefined && (!Number.isSafeInteger(runs) || runs < 1))
    throw new Error(`--runs takes a whole number above 0, not ${values.runs}`)
  return {
    runs,
    profile: values.profile,
    rows: wanted === undefined ? rows : rows.filter(({ name }) => wanted.includes(name)),
    sizes,
    peers: !values['no-peers'],
    list: values.list,
  }
}
