import { InvalidError } from '../../../core/index.js'

/** What makes an execution what it is, given the code under test and the options. */
export interface Replay {
  readonly seed: number
  /** Indexes of the actions taken, where there was more than one; first ones at the end are left out. */
  readonly choices: readonly number[]
}

/** `v1:7:z3.2.z10.1`: version, seed, and the choices in base 32, with runs of zeros shortened. */
export function formatReplay({ seed, choices }: Replay): string {
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
  return `v1:${seed.toString(32)}:${parts.join('.')}`
}

/** @throws InvalidError for anything that `formatReplay` does not write */
export function parseReplay(text: string): Replay {
  const match = /^v1:([0-9a-v]+):((?:z?[0-9a-v]+(?:\.z?[0-9a-v]+)*)?)$/.exec(text)
  const seed = Number.parseInt(match?.[1] ?? '', 32)
  if (match === null || !Number.isSafeInteger(seed)) throw unreadable(text)
  const choices: number[] = []
  for (const part of (match[2] ?? '').split('.')) {
    if (part === '') continue
    const isRun = part.startsWith('z')
    const value = Number.parseInt(isRun ? part.slice(1) : part, 32)
    if (!Number.isSafeInteger(value) || choices.length + value > 1_000_000) throw unreadable(text)
    if (!isRun) choices.push(value)
    else for (let zero = 0; zero < value; zero++) choices.push(0)
  }
  return { seed, choices }
}

function unreadable(text: string): InvalidError {
  return new InvalidError('replay', [
    { field: 'replay', value: text, message: 'must be a replay string as a failed check prints it' },
  ])
}
