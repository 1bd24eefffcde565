import type { Kind, Store, StoredObject } from '../../../store/index.js'
import type { Inventory } from '../objects/inventory.js'
import { nameOf } from '../objects/object-names.js'
import type { ActionOf } from './action-of.js'

/** Where garbage is looked for. */
interface Site {
  readonly store: Pick<Store, 'delete'>
  readonly inventory: Pick<Inventory, 'garbage'>
  readonly kindOf: (object: StoredObject) => Kind
}

type Collection = ActionOf<'collect'>

/** Takes away objects whose owners are all gone, one at a time. */
export class Collector {
  readonly #site: Site
  #garbage: readonly StoredObject[] = []
  #collections: readonly Collection[] = []

  constructor(site: Site) {
    this.#site = site
  }

  /** What it would take away. Listed again when that is something else: most steps change nothing of it. */
  collections(): readonly Collection[] {
    const { garbage } = this.#site.inventory
    if (garbage !== this.#garbage) {
      this.#garbage = garbage
      this.#collections = garbage.map(object => this.#collectionOf(object))
    }
    return this.#collections
  }

  #collectionOf(object: StoredObject): Collection {
    const { store, kindOf } = this.#site
    return {
      kind: 'collect',
      actor: 'collector',
      label: `delete ${nameOf(object)}, whose owner is gone`,
      run: async () => {
        await store.delete(kindOf(object), object.metadata)
      },
    }
  }
}
