import { fork } from 'node:child_process'
import { describeLoad, describeMachine } from './machine.js'
import type { Measurement } from './measure.js'
import { parseOptions, USAGE } from './options.js'
import { advantage, headlineOf, subjectLine, titleLine } from './report.js'
import type { Row } from './row.js'

const OURS = 'keelson'

/** Tells a process that it measures one subject; followed by row, subject and size. */
const CHILD_FLAG = '--child'

/**
 * The main program of a benchmark: runs the rows that the command line asks for and prints a line for each
 * subject. Every subject of every row has a process of its own, so none pays for another's heap or call sites.
 */
export async function bench(rows: readonly Row[]): Promise<void> {
  const args = process.argv.slice(2)
  if (args[0] === CHILD_FLAG) return runChild(rows, args.slice(1))
  const options = parseOptions(rows, args)
  if (options.list) {
    console.log([USAGE, '', ...rows.map(titleLine)].join('\n'))
    return
  }
  console.log(`${describeMachine()} · ${describeLoad()}`)
  for (const row of options.rows) {
    const sizes = options.sizes ?? row.sizes
    console.log(`\n${titleLine(row)}`)
    if (sizes.length > 1) await runCurve(row, sizes)
    else await runRow(row, sizes[0] as number, options.peers)
  }
}

async function runRow(row: Row, size: number, withPeers: boolean): Promise<void> {
  const { unit, headline = 'mean', target, peers = {} } = row
  const ours = await measureApart(row, OURS, size)
  const value = headlineOf(unit, headline, ours)
  const verdict = advantage(unit, value, target)
  console.log(`${subjectLine(row, OURS, ours)}  ${mark(verdict)} ${times(verdict)} target`)
  for (const peer of withPeers ? Object.keys(peers) : []) {
    const theirs = await measureApart(row, peer, size)
    const better = advantage(unit, value, headlineOf(unit, headline, theirs))
    console.log(`${subjectLine(row, peer, theirs)}  ${OURS} is ${times(better)}`)
  }
  console.log(`  ${size.toLocaleString('en')} objects · ${describeLoad()}`)
}

async function runCurve(row: Row, sizes: readonly number[]): Promise<void> {
  const costs: number[] = []
  for (const size of sizes) {
    const measurement = await measureApart(row, OURS, size)
    costs.push(measurement.mean)
    const flag = heapFlags(row, size).join(' ')
    const line = subjectLine({ ...row, unit: 'ns' }, OURS, measurement, size)
    console.log(`${line}  ${describeLoad()}${flag === '' ? '' : `  ${flag}`}`)
  }
  const spread = Math.max(...costs) / Math.min(...costs)
  const verdict = advantage('times', spread, row.target)
  console.log(`  dearest ÷ cheapest ${times(spread)}  ${mark(verdict)} ${times(verdict)} target`)
}

function measureApart(row: Row, subject: string, size: number): Promise<Measurement> {
  const child = fork(process.argv[1] as string, [CHILD_FLAG, row.name, subject, String(size)], {
    execArgv: ['--expose-gc', ...heapFlags(row, size)],
  })
  return new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as Measurement))
    child.once('exit', code =>
      reject(new Error(`${row.name}, ${subject}: the process ended with ${String(code)}`)),
    )
  })
}

function heapFlags({ heapMiB }: Row, size: number): readonly string[] {
  const megabytes = heapMiB?.(size)
  return megabytes === undefined ? [] : [`--max-old-space-size=${megabytes}`]
}

async function runChild(rows: readonly Row[], [name, subject, size]: readonly string[]): Promise<void> {
  const row = rows.find(each => each.name === name)
  const run = subject === OURS ? row?.ours : row?.peers?.[subject as string]
  if (run === undefined) throw new Error(`no ${String(subject)} in row ${String(name)}`)
  const measurement = await run(Number(size))
  await new Promise<void>(resolve => process.send?.(measurement, () => resolve()))
  // Peers keep timers and sockets of their own.
  process.exit(0)
}

function mark(verdict: number): string {
  return verdict >= 1 ? '✓' : '✗'
}

function times(value: number): string {
  return `${Number(value.toPrecision(3))} ×`
}
