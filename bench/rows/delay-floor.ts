import { KeyRecord } from '../../src/reconcile/queue/key-record.js'
import type { Measurement } from '../frame/measure.js'
import { collectGarbage, measure } from '../frame/measure.js'
import type { Floor } from '../frame/row.js'

/** The least that a delay by key can do: find what is known of the key, and write down its time. */
export function delayByKeyFloor(timesMax: number): Floor {
  return {
    title: 'a look into a Map, and a time written to what was found',
    timesMax,
    run: size => {
      const keys = Array.from({ length: size }, (_, index) => `default/key-${index}`)
      const known = new Map(keys.map(key => [key, new KeyRecord(key)]))
      // A fraction from the beginning on: the first one in a field changes the shape of its object.
      for (const record of known.values()) record.at = 0.5
      return rounds(size, () => {
        for (let index = 0; index < size; index++)
          (known.get(keys[index] as string) as KeyRecord<string>).at = 1e6 + index / 2
      })
    },
  }
}

/** The least that a delay of a record can do: write down its time, and put it into one of the lists that time is cut into. */
export function delayByRecordFloor(timesMax: number): Floor {
  return {
    title: 'a time written to a record, which is put into one of 64 lists by it',
    timesMax,
    run: size => {
      const records = Array.from({ length: size }, (_, index) => new KeyRecord(`default/key-${index}`))
      const lists: KeyRecord<string>[][] = Array.from({ length: 64 }, () => [])
      const clear = (): void => {
        for (let slot = 0; slot < lists.length; slot++) lists[slot] = []
      }
      return rounds(
        size,
        () => {
          for (let index = 0; index < size; index++) {
            const record = records[index] as KeyRecord<string>
            record.at = 1e6 + (Math.imul(index, 0x9e3779b1) >>> 12)
            const list = lists[(record.at >>> 6) & 63] as KeyRecord<string>[]
            record.slot = list.length
            list.push(record)
          }
        },
        clear,
      )
    },
  }
}

function rounds(size: number, run: () => void, clear: () => void = () => {}): Promise<Measurement> {
  return measure({
    batch: size,
    operations: size * 6,
    budgetMs: 10_000,
    prepare: () => {
      clear()
      collectGarbage()
    },
    run,
  })
}
