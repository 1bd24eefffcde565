import { createMemoryMetrics, systemEnv } from 'keelson/core'
import { createQueueMetrics } from '../../src/reconcile/queue/queue-metrics.js'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Floor, Row } from '../frame/row.js'

/** What is known of a key: its place in one of the lists that time is cut into. */
interface Known {
  list: TimeList | undefined
  place: number
}

interface TimeList {
  readonly known: Known[]
  readonly times: number[]
}

/** The least that a delay by key can do: find what is known of the key, and do as by record. */
export function delayByKeyFloor(timesMax: number): Floor {
  return {
    title: 'a look into a Map, and what is found is put with its time into one of 64 lists',
    timesMax,
    run: size => {
      const keys = Array.from({ length: size }, (_, index) => `default/key-${index}`)
      const known = new Map(keys.map(key => [key, unplaced()]))
      const lists = new TimeLists()
      return delayRounds(
        size,
        () => {
          for (let index = 0; index < size; index++)
            lists.put(known.get(keys[index] as string) as Known, delayOf(index))
        },
        () => lists.clear(),
      )
    },
  }
}

/** The same, and what every delay from now has besides: a reading of the clock, and client-go's count of them. */
export const delayPartRows: readonly Row[] = [
  {
    name: 'delayed-by-hand',
    title: 'the floor of `delayed`, with a reading of the clock for each and the counter of client-go',
    unit: 'ns',
    sizes: [100_000],
    ours: delayByHand,
  },
]

function delayByHand(size: number): Promise<Measurement> {
  const keys = Array.from({ length: size }, (_, index) => `default/key-${index}`)
  const known = new Map(keys.map(key => [key, unplaced()]))
  const lists = new TimeLists()
  const { clock } = systemEnv
  const metrics = createQueueMetrics(createMemoryMetrics(), 'queue')
  return delayRounds(
    size,
    () => {
      for (let index = 0; index < size; index++) {
        metrics.retried()
        lists.put(known.get(keys[index] as string) as Known, clock.monotonic() + delayOf(index))
      }
    },
    () => lists.clear(),
  )
}

/** The least that a delay of a record can do: to be put with its time into one of the lists that time is cut into. */
export function delayByRecordFloor(timesMax: number): Floor {
  return {
    title: 'a record is put with its time into one of 64 lists by it',
    timesMax,
    run: size => {
      const known = Array.from({ length: size }, unplaced)
      const lists = new TimeLists()
      return delayRounds(
        size,
        () => {
          for (let index = 0; index < size; index++) lists.put(known[index] as Known, delayOf(index))
        },
        () => lists.clear(),
      )
    },
  }
}

class TimeLists {
  readonly #lists: TimeList[] = []

  constructor() {
    this.clear()
  }

  put(known: Known, at: number): void {
    const list = this.#lists[(at >>> 6) & 63] as TimeList
    known.list = list
    known.place = list.known.length
    list.known.push(known)
    list.times.push(at)
  }

  clear(): void {
    for (let slot = 0; slot < 64; slot++) this.#lists[slot] = { known: [], times: [] }
  }
}

/** Rounds of `size` delays, after one until what they run through is compiled; `clear` ends them all, and is not timed. */
export function delayRounds(size: number, run: () => void, clear: () => void): Promise<Measurement> {
  return measure({
    batch: size,
    operations: Math.max(2_000_000, size * 3),
    warm: size,
    prepare: () => {
      clear()
    },
    run,
  })
}

function unplaced(): Known {
  return { list: undefined, place: 0 }
}

function delayOf(index: number): number {
  return 1e6 + (Math.imul(index, 0x9e3779b1) >>> 12)
}
