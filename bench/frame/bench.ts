import { fork } from 'node:child_process'
import { describeLoad, describeMachine } from './machine.js'
import type { Measurement } from './measure.js'
import type { BenchOptions } from './options.js'
import { parseOptions, USAGE } from './options.js'
import { profiling } from './profile.js'
import { advantage, headlineOf, medianOf, shareLines, subjectLine, timesOf, titleLine } from './report.js'
import type { Row } from './row.js'

const OURS = 'keelson'
const FLOOR = 'floor'
/** How often each subject of a row is measured, unless the row or the command line says otherwise. */
const RUNS = 5

/** Tells a process that it measures one subject; followed by row, subject and size. */
const CHILD_FLAG = '--child'
const PROFILE = 'profile'

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
    else await runRow(row, sizes[0] as number, options)
  }
}

async function runRow(row: Row, size: number, options: BenchOptions): Promise<void> {
  const { unit, headline = 'mean', target, floor, peers = {}, atLeast = {} } = row
  const others = [...(floor === undefined ? [] : [FLOOR]), ...(options.peers ? Object.keys(peers) : [])]
  const measured = await measureInTurns(row, [OURS, ...others], { size, options })
  const ours = measured.get(OURS) as Measurement
  const value = headlineOf(unit, headline, ours)
  const verdict = target === undefined ? '' : `  ${mark(advantage(unit, value, target))} target`
  console.log(subjectLine(row, OURS, ours) + verdict)
  for (const line of shareLines(ours)) console.log(line)
  for (const other of others) {
    const theirs = measured.get(other) as Measurement
    if (other === FLOOR && floor !== undefined) {
      const taken = timesOf(ours, theirs)
      const what = ours.cpuNs === undefined || theirs.cpuNs === undefined ? 'time' : 'CPU'
      const enough = `${OURS} takes ${times(taken)} its ${what}  ${mark(floor.timesMax / taken)} ≤ ${times(floor.timesMax)}`
      const note = [floor.title, theirs.note].filter(text => text !== undefined).join('; ')
      console.log(`${subjectLine(row, FLOOR, { ...theirs, note })}  ${enough}`)
      for (const line of shareLines(theirs)) console.log(line)
      continue
    }
    // By processor time where both have it: the neighbours of a shared machine do not count in it.
    const better = timesOf(theirs, ours)
    const wanted = atLeast[other]
    const enough = wanted === undefined ? '' : `  ${mark(better / wanted)} ≥ ${wanted} ×`
    console.log(`${subjectLine(row, other, theirs)}  ${OURS} is ${times(better)}${enough}`)
  }
  console.log(
    `  ${size.toLocaleString('en')} objects · ${runsOf(row, options)} runs in turns · ${describeLoad()}`,
  )
}

function runsOf(row: Row, options: BenchOptions): number {
  return options.runs ?? row.runs ?? RUNS
}

/** Measures every subject several times, one after the other and back, so that all see the same weather. */
async function measureInTurns(
  row: Row,
  subjects: readonly string[],
  { size, options }: { readonly size: number; readonly options: BenchOptions },
): Promise<ReadonlyMap<string, Measurement>> {
  const all = new Map(subjects.map(subject => [subject, [] as Measurement[]]))
  for (let run = 0; run < runsOf(row, options); run++)
    for (const subject of run % 2 === 0 ? subjects : subjects.toReversed())
      all.get(subject)?.push(
        await measureApart(row, subject, {
          size,
          profile: options.profile && (subject === OURS || subject === FLOOR),
        }),
      )
  return new Map([...all].map(([subject, runs]) => [subject, medianOf(runs)]))
}

async function runCurve(row: Row, sizes: readonly number[]): Promise<void> {
  const costs: number[] = []
  for (const size of sizes) {
    const measurement = await measureApart(row, OURS, { size, profile: false })
    costs.push(measurement.mean)
    const flag = heapFlags(row, size).join(' ')
    const line = subjectLine({ ...row, unit: 'ns' }, OURS, measurement, size)
    console.log(`${line}  ${describeLoad()}${flag === '' ? '' : `  ${flag}`}`)
  }
  const spread = Math.max(...costs) / Math.min(...costs)
  const verdict = row.target === undefined ? '' : `  ${mark(row.target / spread)} ≤ ${times(row.target)}`
  console.log(`  dearest ÷ cheapest ${times(spread)}${verdict}`)
}

function measureApart(
  row: Row,
  subject: string,
  { size, profile }: { readonly size: number; readonly profile: boolean },
): Promise<Measurement> {
  const about = [row.name, subject, String(size), ...(profile ? [PROFILE] : [])]
  const child = fork(process.argv[1] as string, [CHILD_FLAG, ...about], {
    execArgv: ['--expose-gc', ...(profile ? ['--enable-source-maps'] : []), ...heapFlags(row, size)],
  })
  return new Promise((resolve, reject) => {
    child.once('message', message => {
      const measurement = message as Measurement
      // A figure that is no number would compare with a target as one that was reached.
      if (Number.isFinite(measurement.mean)) resolve(measurement)
      else reject(new Error(`${row.name}, ${subject}: the mean is ${measurement.mean}, not a number`))
    })
    child.once('exit', code =>
      reject(new Error(`${row.name}, ${subject}: the process ended with ${String(code)}`)),
    )
  })
}

function heapFlags({ heapMiB }: Row, size: number): readonly string[] {
  const megabytes = heapMiB?.(size)
  return megabytes === undefined ? [] : [`--max-old-space-size=${megabytes}`]
}

async function runChild(rows: readonly Row[], [name, subject, size, flag]: readonly string[]): Promise<void> {
  const row = rows.find(each => each.name === name)
  profiling.on = flag === PROFILE
  const run =
    subject === OURS ? row?.ours : subject === FLOOR ? row?.floor?.run : row?.peers?.[subject as string]
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
