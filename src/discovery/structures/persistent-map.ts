import { hashText } from './text-hash.js'

/**
 * Bits of the hash that one level takes. A leaf that is split becomes this many, so with few of them leaves are between
 * two and sixteen keys full: with 32 most would have one key, and a map of a million take five times the memory.
 */
const LEVEL_BITS = 3
const FAN_OUT = 2 ** LEVEL_BITS
/** A leaf with more entries is split, unless the hash is used up. */
const LEAF_MAX = 16
const BITS_MAX = 30

/** An immutable map; an edit copies only the leaves that it touches and the branches above them, whatever the size. */
export interface PersistentMap<V> {
  readonly size: number
  get(key: string): V | undefined
  /** Entries in an order that depends on nothing but the keys held and how they came; sort where order shows. */
  entries(): IterableIterator<[string, V]>
  /**
   * Starts an edit of a copy; this map stays as it is.
   *
   * @param written told the hash of each key that is set or deleted, as `hashText` makes it
   */
  edit(written?: (hash: number) => void): MapEdit<V>
}

/** Collects changes; reads see them at once. Use it once. */
export interface MapEdit<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  /** The very map that was edited when nothing was set or deleted. */
  done(): PersistentMap<V>
}

/** An edit that may change the node in place. */
type Owner = object | undefined

class Leaf<V> {
  readonly owner: Owner
  readonly keys: string[]
  readonly values: V[]

  constructor(owner: Owner, keys: string[], values: V[]) {
    this.owner = owner
    this.keys = keys
    this.values = values
  }
}

class Branch<V> {
  readonly owner: Owner
  readonly children: (Node<V> | undefined)[]

  constructor(owner: Owner, children: (Node<V> | undefined)[]) {
    this.owner = owner
    this.children = children
  }
}

type Node<V> = Leaf<V> | Branch<V>

/** An empty map. */
export function emptyMap<V>(): PersistentMap<V> {
  return new HashTrie<V>(undefined, 0)
}

class HashTrie<V> implements PersistentMap<V> {
  readonly size: number
  readonly #root: Node<V> | undefined

  constructor(root: Node<V> | undefined, size: number) {
    this.#root = root
    this.size = size
  }

  get(key: string): V | undefined {
    return lookup(this.#root, key, hashText(key))
  }

  entries(): IterableIterator<[string, V]> {
    return walk(this.#root)
  }

  edit(written?: (hash: number) => void): MapEdit<V> {
    return new TrieEdit(this, this.#root, written)
  }
}

function lookup<V>(root: Node<V> | undefined, key: string, hash: number): V | undefined {
  let node = root
  for (let bits = hash; node instanceof Branch; bits >>>= LEVEL_BITS)
    node = node.children[bits & (FAN_OUT - 1)]
  if (node === undefined) return undefined
  const { keys } = node
  for (let i = 0; i < keys.length; i++) if (keys[i] === key) return node.values[i]
  return undefined
}

function* walk<V>(node: Node<V> | undefined): IterableIterator<[string, V]> {
  if (node === undefined) return
  if (node instanceof Branch) for (const child of node.children) yield* walk(child)
  else for (const [i, key] of node.keys.entries()) yield [key, node.values[i] as V]
}

class TrieEdit<V> implements MapEdit<V> {
  /** Of the nodes that it has made, which it changes in place; nodes stay, so this must not hold the map before. */
  readonly #owner: object = {}
  readonly #before: PersistentMap<V>
  readonly #written: ((hash: number) => void) | undefined
  #root: Node<V> | undefined
  #size: number
  #isChanged = false

  constructor(
    before: PersistentMap<V>,
    root: Node<V> | undefined,
    written: ((hash: number) => void) | undefined,
  ) {
    this.#before = before
    this.#written = written
    this.#root = root
    this.#size = before.size
  }

  get(key: string): V | undefined {
    return lookup(this.#root, key, hashText(key))
  }

  set(key: string, value: V): void {
    const hash = hashText(key)
    if (lookup(this.#root, key, hash) === undefined) this.#size++
    this.#root = put(this.#root, { key, value, owner: this.#owner, bits: hash, used: 0 })
    this.#note(hash)
  }

  delete(key: string): void {
    const hash = hashText(key)
    if (lookup(this.#root, key, hash) === undefined) return
    this.#size--
    this.#root = take(this.#root, { key, owner: this.#owner, bits: hash })
    this.#note(hash)
  }

  done(): PersistentMap<V> {
    return this.#isChanged ? new HashTrie(this.#root, this.#size) : this.#before
  }

  #note(hash: number): void {
    this.#isChanged = true
    this.#written?.(hash)
  }
}

interface Put<V> {
  readonly key: string
  readonly value: V
  readonly owner: object
  /** What is left of the hash, and how much of it is used. */
  readonly bits: number
  readonly used: number
}

function put<V>(node: Node<V> | undefined, entry: Put<V>): Node<V> {
  const { key, value, owner, bits, used } = entry
  if (node === undefined) return longer(node, owner, entry)
  if (node instanceof Branch) {
    const own = node.owner === owner ? node : new Branch(owner, node.children.slice())
    const slot = bits & (FAN_OUT - 1)
    own.children[slot] = put(own.children[slot], below(entry))
    return own
  }
  const index = node.keys.indexOf(key)
  if (index < 0 && node.keys.length >= LEAF_MAX && used < BITS_MAX)
    return put(split(node, owner, used), entry)
  if (index < 0) return longer(node, owner, entry)
  const own = ownLeaf(node, owner)
  own.values[index] = value
  return own
}

function below<V>({ key, value, owner, bits, used }: Put<V>): Put<V> {
  return { key, value, owner, bits: bits >>> LEVEL_BITS, used: used + LEVEL_BITS }
}

/** With one more entry. Arrays that were pushed to would keep room for as many again and more. */
function longer<V>(
  leaf: Leaf<V> | undefined,
  owner: object,
  { key, value }: Pick<Put<V>, 'key' | 'value'>,
): Leaf<V> {
  if (leaf === undefined) return new Leaf(owner, [key], [value])
  return new Leaf(owner, leaf.keys.concat(key), leaf.values.concat([value]))
}

function ownLeaf<V>(leaf: Leaf<V>, owner: object): Leaf<V> {
  return leaf.owner === owner ? leaf : new Leaf(owner, leaf.keys.slice(), leaf.values.slice())
}

function split<V>(leaf: Leaf<V>, owner: object, used: number): Branch<V> {
  const branch = new Branch(owner, new Array<Node<V> | undefined>(FAN_OUT).fill(undefined))
  for (const [i, key] of leaf.keys.entries()) {
    const slot = (hashText(key) >>> used) & (FAN_OUT - 1)
    const child = branch.children[slot] as Leaf<V> | undefined
    branch.children[slot] = longer(child, owner, { key, value: leaf.values[i] as V })
  }
  return branch
}

/** Without the key, which is there; undefined when nothing is left. */
function take<V>(
  node: Node<V> | undefined,
  { key, owner, bits }: { readonly key: string; readonly owner: object; readonly bits: number },
): Node<V> | undefined {
  if (node === undefined) return undefined
  if (node instanceof Branch) {
    const own = node.owner === owner ? node : new Branch(owner, node.children.slice())
    const slot = bits & (FAN_OUT - 1)
    own.children[slot] = take(own.children[slot], { key, owner, bits: bits >>> LEVEL_BITS })
    return own.children.some(child => child !== undefined) ? own : undefined
  }
  if (node.keys.length === 1) return undefined
  const own = ownLeaf(node, owner)
  const index = own.keys.indexOf(key)
  own.keys.splice(index, 1)
  own.values.splice(index, 1)
  return own
}
