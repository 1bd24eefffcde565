import { hashText } from './text-hash.js'

/** Leaves per level; two levels make 4096 leaves. */
const FAN_OUT = 64

type Leaf<V> = ReadonlyMap<string, V>
type Branch<V> = readonly (Leaf<V> | undefined)[]

/** An immutable map; an edit copies only the leaves that it touches and the two levels above them. */
export interface PersistentMap<V> {
  readonly size: number
  get(key: string): V | undefined
  /** Values in an order that depends on nothing but the keys held and how they came; sort where order shows. */
  entries(): IterableIterator<[string, V]>
  /** Starts an edit of a copy; this map stays as it is. */
  edit(): MapEdit<V>
}

/** Collects changes; reads see them at once. Use it once. */
export interface MapEdit<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  done(): PersistentMap<V>
}

/** An empty map. */
export function emptyMap<V>(): PersistentMap<V> {
  return mapOf<V>([], 0)
}

function mapOf<V>(root: readonly (Branch<V> | undefined)[], size: number): PersistentMap<V> {
  return {
    size,
    get: key => lookup(root, key),
    entries: () => walk(root),
    edit: () => editOf(root, size),
  }
}

function lookup<V>(root: readonly (Branch<V> | undefined)[], key: string): V | undefined {
  const hash = hashText(key)
  return root[hash % FAN_OUT]?.[(hash >>> 6) % FAN_OUT]?.get(key)
}

function* walk<V>(root: readonly (Branch<V> | undefined)[]): IterableIterator<[string, V]> {
  for (const branch of root) for (const leaf of branch ?? []) if (leaf !== undefined) yield* leaf
}

function editOf<V>(oldRoot: readonly (Branch<V> | undefined)[], oldSize: number): MapEdit<V> {
  const root = oldRoot.slice()
  const own = new Set<object>()
  let size = oldSize
  const leafFor = (key: string): Map<string, V> => {
    const hash = hashText(key)
    const [high, low] = [hash % FAN_OUT, (hash >>> 6) % FAN_OUT]
    let branch = root[high] as (Map<string, V> | undefined)[] | undefined
    if (branch === undefined || !own.has(branch)) {
      branch = branch?.slice() ?? []
      own.add(branch)
      root[high] = branch
    }
    let leaf = branch[low]
    if (leaf === undefined || !own.has(leaf)) {
      leaf = new Map(leaf)
      own.add(leaf)
      branch[low] = leaf
    }
    return leaf
  }
  return {
    get: key => lookup(root, key),
    set: (key, value) => {
      const leaf = leafFor(key)
      if (!leaf.has(key)) size++
      leaf.set(key, value)
    },
    delete: key => {
      if (lookup(root, key) !== undefined && leafFor(key).delete(key)) size--
    },
    done: () => mapOf(root, size),
  }
}
