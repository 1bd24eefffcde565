import { contentHash, InvalidError, UsageError } from '../../../core/index.js'
import type { Execution } from '../setup/execution.js'

/** What makes an execution what it is, given the code under test and the options. */
export interface Replay {
  /** Of the options that the execution was found with. */
  readonly check: string
  readonly seed: number
  /** Indexes of the actions taken, where there was more than one; first ones at the end are left out. */
  readonly choices: readonly number[]
  /** Of the actions that these choices led to. */
  readonly way: string
}

const VERSION = 'v2'
const HASH_LENGTH = 5
const CHOICES_MAX = 1_000_000

/**
 * `v2:gk2rz:7:z3.2.z10.1:xw5pq`: version, check, seed, the choices in base 32 with runs of zeros shortened, and the way
 * that they led.
 */
export function formatReplay({ check, seed, choices, way }: Replay): string {
  const parts: string[] = []
  let zeros = 0
  for (const choice of choices) {
    if (choice === 0) {
      zeros++
      continue
    }
    if (zeros > 0) parts.push(`z${zeros.toString(32)}`)
    zeros = 0
    parts.push(choice.toString(32))
  }
  return [VERSION, check, seed.toString(32), parts.join('.'), way].join(':')
}

/** @throws InvalidError for anything that `formatReplay` does not write */
export function parseReplay(text: string): Replay {
  const match = /^v2:([a-z0-9]+):([0-9a-v]+):((?:z?[0-9a-v]+(?:\.z?[0-9a-v]+)*)?):([a-z0-9]+)$/.exec(text)
  const [, check = '', seedText = '', choicesText = '', way = ''] = match ?? []
  const seed = Number.parseInt(seedText, 32)
  if (match === null || !Number.isSafeInteger(seed)) throw unreadable(text)
  const choices: number[] = []
  for (const part of choicesText.split('.')) {
    if (part === '') continue
    const isRun = part.startsWith('z')
    const value = Number.parseInt(isRun ? part.slice(1) : part, 32)
    if (!Number.isSafeInteger(value) || choices.length + value > CHOICES_MAX) throw unreadable(text)
    if (!isRun) choices.push(value)
    else for (let zero = 0; zero < value; zero++) choices.push(0)
  }
  return { check, seed, choices, way }
}

/** The replay of an execution that was found with options of this hash. */
export function replayOf(execution: Execution, check: string): Replay {
  const { seed, choices } = execution
  const length = choices.findLastIndex(choice => choice !== 0) + 1
  return { check, seed, choices: choices.slice(0, length), way: wayOf(execution, length) }
}

/** Whether the choices led where they led when the replay was written. */
export function isAsRecorded({ choices, way }: Replay, execution: Execution): boolean {
  return wayOf(execution, choices.length) === way
}

/** A hash that is short: of what is written down next to it, and not kept in a table. */
export function shortHash(value: unknown): string {
  return contentHash(value).slice(-HASH_LENGTH)
}

/** What the first choices of an execution led to. */
function wayOf({ choices, chosenSteps, trace }: Execution, length: number): string {
  return shortHash(
    choices.slice(0, length).map((choice, at) => {
      const step = trace[chosenSteps[at] ?? -1]
      return step === undefined ? [choice] : [choice, step.actor, step.kind, step.label]
    }),
  )
}

function unreadable(text: string): InvalidError {
  const version = /^(v\d+):/.exec(text)?.[1]
  const of =
    version === undefined || version === VERSION
      ? ''
      : `; this one is of format ${version}, known is ${VERSION}`
  return new InvalidError('replay', [
    { field: 'replay', value: text, message: `must be a replay string as a failed check prints it${of}` },
  ])
}

/** The code must have changed: with the same options, other things happen than were recorded. */
export function differs(replay: string | undefined): UsageError {
  return new UsageError(
    'the execution differs from the recorded one: the code or the options have changed since. ' +
      'Nothing failed in it, which says little; run the check without the replay',
    { replay },
  )
}
