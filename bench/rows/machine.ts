import { systemEnv } from 'keelson/core'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'

/** What loops cannot do without, alone: the machine's own part of what they take. */
export const machineRows: readonly Row[] = [
  {
    name: 'machine-turn',
    title: 'the machine alone: an async function that does nothing, and a function after it',
    unit: 'ns',
    sizes: [10_000],
    ours: turns,
  },
  {
    name: 'machine-clock',
    title: 'the machine alone: a reading of the clock',
    unit: 'ns',
    sizes: [10_000],
    ours: readings,
  },
  {
    name: 'machine-look-up',
    title: 'the machine alone: a look into a Map that has so many keys, in the order of their making',
    unit: 'ns',
    sizes: [10_000],
    ours: lookUps,
  },
  {
    name: 'machine-look-up-serial',
    title: 'the same, each look begun when the one before has ended, as between calls',
    unit: 'ns',
    sizes: [10_000],
    ours: serialLookUps,
  },
  {
    name: 'machine-look-up-many',
    title: 'a look into a Map of 1,000,000 keys, in the order of their making',
    unit: 'ns',
    sizes: [1_000_000],
    ours: lookUps,
  },
]

function turns(size: number): Promise<Measurement> {
  let left = 0
  const nothing = async (): Promise<void> => {}
  return repeated(
    size,
    () =>
      new Promise<void>(resolve => {
        left = size
        const count = (): void => {
          if (--left === 0) resolve()
        }
        for (let at = 0; at < size; at++) nothing().then(count, count)
      }),
  )
}

function readings(size: number): Promise<Measurement> {
  let latest = 0
  return repeated(size, () => {
    for (let at = 0; at < size; at++) latest = Math.max(latest, systemEnv.clock.monotonic())
  })
}

function lookUps(size: number): Promise<Measurement> {
  const keys = Array.from({ length: size }, (_, index) => `default/key-${index}`)
  const known = new Map(keys.map((key, index) => [key, { index }]))
  let sum = 0
  return repeated(size, () => {
    for (const key of keys) sum += known.get(key)?.index ?? 0
    if (sum < 0) throw new Error('an index is never negative')
  })
}

function serialLookUps(size: number): Promise<Measurement> {
  const keys = Array.from({ length: size }, (_, index) => `default/key-${index}`)
  const known = new Map(keys.map((key, index) => [key, { next: (index + 1) % size }]))
  let at = 0
  return repeated(size, () => {
    for (let count = 0; count < size; count++) at = known.get(keys[at] as string)?.next ?? 0
  })
}

function repeated(size: number, run: () => unknown): Promise<Measurement> {
  return measure({ batch: size, operations: size * 1_000, prepare: () => undefined, run })
}
