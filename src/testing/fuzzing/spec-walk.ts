import type { Random } from '../../core/index.js'
import { isKeelsonError, UsageError } from '../../core/index.js'
import type { Kind, ObjectInput, ObjectRef, Store } from '../../store/index.js'
import { createStore } from '../../store/index.js'
import type { SpecEdit } from '../simulation/objects/spec-edits.js'
import { pick, sampleValue } from './sample-value.js'
import type { SchemaNode } from './schema-node.js'
import { specNode } from './schema-node.js'
import { specTransitions } from './spec-transitions.js'

/** One step of a walk. */
export interface SpecChange {
  /** Which object, and what about it. */
  readonly label: string
  /** All objects after it. */
  readonly objects: readonly ObjectInput[]
}

const ATTEMPTS = 16

/** Walks from spec to spec as a store would let a user do. */
export class SpecWalker {
  readonly #kinds: readonly Kind[]
  readonly #random: Random

  /** @throws UsageError when none of the objects is of a kind with a JSON Schema of its spec */
  constructor(kinds: readonly Kind[], objects: readonly ObjectInput[], random: Random) {
    this.#kinds = kinds
    this.#random = random
    if (!objects.some(object => this.#nodeOf(object) !== undefined))
      throw new UsageError('none of the objects is of a kind whose schema is a JSON Schema with a spec')
  }

  /** Gives a spec to each object that has none. */
  async complete(objects: readonly ObjectInput[]): Promise<readonly ObjectInput[]> {
    const made: ObjectInput[] = []
    for (const object of objects) {
      const node = this.#nodeOf(object)
      made.push(object.spec !== undefined || node === undefined ? object : await this.#sampled(object, node))
    }
    return made
  }

  /** At most `length` changes, one after the other, each of which the store takes. */
  async walk(objects: readonly ObjectInput[], length: number): Promise<readonly SpecChange[]> {
    const store = await this.#storeWith(objects)
    const changes: SpecChange[] = []
    let current = objects
    for (let attempt = 0; attempt < ATTEMPTS && changes.length < length; attempt++) {
      const at = Math.floor(this.#random.next() * current.length)
      const object = current[at] as ObjectInput
      const node = this.#nodeOf(object)
      const edits = node === undefined ? [] : specTransitions(node, object.spec, this.#random)
      if (edits.length === 0) continue
      const edit = pick(edits, this.#random)
      if (!(await this.#takes(store, object, edit))) continue
      current = current.map((other, index) => (index === at ? { ...other, spec: edit.spec } : other))
      changes.push({ label: `${nameOf(object)}: ${edit.label}`, objects: current })
    }
    await store.close()
    return changes
  }

  #kindOf({ kind, apiVersion }: ObjectInput): Kind | undefined {
    return this.#kinds.find(
      known => known.kind === kind && (apiVersion === undefined || known.apiVersion === apiVersion),
    )
  }

  #nodeOf(object: ObjectInput): SchemaNode | undefined {
    const kind = this.#kindOf(object)
    return kind && specNode(kind)
  }

  async #sampled(object: ObjectInput, node: SchemaNode): Promise<ObjectInput> {
    let refusal: unknown
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const sampled = { ...object, spec: sampleValue(node, this.#random) }
      try {
        const store = await this.#storeWith([sampled])
        await store.close()
        return sampled
      } catch (error) {
        if (!isKeelsonError(error)) throw error
        refusal = error
      }
    }
    throw new UsageError(
      `no spec for ${nameOf(object)} that the store takes was found in ${ATTEMPTS} attempts; give one`,
      { refusal },
    )
  }

  async #storeWith(objects: readonly ObjectInput[]): Promise<Store> {
    const store = createStore({ kinds: this.#kinds })
    for (const object of objects) {
      const kind = this.#kindOf(object)
      if (kind !== undefined) await store.create(kind, object)
    }
    return store
  }

  async #takes(store: Store, object: ObjectInput, { spec }: SpecEdit): Promise<boolean> {
    const kind = this.#kindOf(object)
    const { namespace, name = '' } = object.metadata
    const ref: ObjectRef = namespace === undefined ? { name } : { namespace, name }
    if (kind === undefined) return false
    try {
      await store.modify(kind, ref, draft => {
        draft.spec = spec
      })
      return true
    } catch (error) {
      if (isKeelsonError(error)) return false
      throw error
    }
  }
}

function nameOf({ kind = '', metadata: { name = '' } }: ObjectInput): string {
  return `${kind} ${name}`
}
