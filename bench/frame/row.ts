import type { Measurement } from './measure.js'

/** What a row counts; decides how numbers are shown and which way is better. */
export type Unit = 'per second' | 'ns' | 'ms' | 'bytes' | 'times'

/** Which number of a measurement is held against the target. */
export type Headline = 'mean' | 'p99'

/** Runs one subject once, with `size` objects, in a process of its own. */
export type Run = (size: number) => Promise<Measurement>

/** One row of a benchmark. */
export interface Row {
  /** How the command line calls it. */
  readonly name: string
  readonly title: string
  readonly unit: Unit
  /** At least for `per second`, at most for every other unit. Undefined where the floor tells what is wanted. */
  readonly target?: number
  /** Default `mean`. */
  readonly headline?: Headline
  /** How many objects. Several sizes make a curve: the headline is then dearest ÷ cheapest. */
  readonly sizes: readonly number[]
  /** Old space of a process with that many objects, in MiB; default Node's own. */
  readonly heapMiB?: (size: number) => number | undefined
  readonly ours: Run
  /** What the machine needs for the part of it that nobody can leave out. */
  readonly floor?: Floor
  /** Those who can do the same, by package name. */
  readonly peers?: Readonly<Record<string, Run>>
  /** How many times as fast as a peer it is to be, in the same run. */
  readonly atLeast?: Readonly<Record<string, number>>
  /** How often each subject is measured, unless the command line says it. For rows that sample by themselves. */
  readonly runs?: number
}

/** A hand-written minimum, measured in the same run as ours. */
export interface Floor {
  readonly title: string
  readonly run: Run
  /** How many times the processor time of the floor ours may take. */
  readonly timesMax: number
}
