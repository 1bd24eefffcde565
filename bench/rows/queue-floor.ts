import { measure } from '../frame/measure.js'
import type { Floor } from '../frame/row.js'

interface Known {
  readonly index: number
}

/** The least that a queue by key can do: find what it knows of the key, and put that in a ring. */
export function queueFloor(timesMax: number): Floor {
  return floor('a look into a Map, and a ring', timesMax, size => {
    const keys = Array.from({ length: size }, (_, index) => `default/key-${index}`)
    return index => keys[index] as string
  })
}

/** The same of keys that are a namespace and a name. */
export function refFloor(timesMax: number): Floor {
  return floor('a look into a Map by a joined key, and a ring', timesMax, size => {
    const keys = Array.from({ length: size }, (_, index) => ({ namespace: 'default', name: `w${index}` }))
    return index => {
      const { namespace, name } = keys[index] as { readonly namespace: string; readonly name: string }
      return `${namespace}/${name}`
    }
  })
}

function floor(title: string, timesMax: number, keysOf: (size: number) => (index: number) => string): Floor {
  return {
    title,
    timesMax,
    run: size => {
      const keyOf = keysOf(size)
      const known = new Map<string, Known>()
      for (let index = 0; index < size; index++) known.set(keyOf(index), { index })
      const ring = new Array<Known>(size)
      let sum = 0
      return measure({
        batch: size,
        operations: size * 1_000,
        warm: Math.max(size, 500_000),
        prepare: () => undefined,
        run: () => {
          for (let at = 0; at < size; at++) ring[at] = known.get(keyOf(at)) as Known
          for (let at = 0; at < size; at++) sum += (ring[at] as Known).index
          if (sum < 0) throw new Error('an index is never negative')
        },
      })
    },
  }
}
