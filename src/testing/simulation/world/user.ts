import { deepEqual, isKeelsonError, UsageError } from '../../../core/index.js'
import type { Kind, ObjectInput, ObjectRef, StoredObject } from '../../../store/index.js'
import { keyOf, nameOf } from '../objects/object-names.js'
import { TOUCH_ANNOTATION } from '../objects/plain-state.js'
import type { SpecEdit } from '../objects/spec-edits.js'
import type { ActionOf } from './action-of.js'
import type { World } from './world.js'

/** What becomes of the given objects in the end. */
export type Ending = 'kept' | 'deleted'

interface Wish {
  readonly kind: Kind
  readonly input: ObjectInput
  readonly ref: ObjectRef
  readonly name: string
  readonly edits: readonly SpecEdit[]
  /** `absent`: to be created. `edited`: to be changed back. */
  state: 'absent' | 'made' | 'edited' | 'done'
  /** What the user has asked for last. */
  spec: unknown
}

/** What is wanted of the world. */
export interface Wants {
  readonly objects: readonly ObjectInput[]
  /** What the user may change a spec to. */
  readonly edits: (object: ObjectInput, kind: Kind) => readonly SpecEdit[]
  /** When objects are deleted in the end: whenever it is chosen, or once everything else has come to rest. */
  readonly deletions: 'at any time' | 'at rest'
}

/** What may be done as things stand at a revision, as far as somebody has asked. */
interface Offers {
  readonly revision: number
  edits?: readonly ActionOf<'edit'>[]
  removals?: readonly ActionOf<'remove'>[]
  touchings?: readonly ActionOf<'touch'>[]
}

/** People: they want the given objects, change their minds, and come back to what they wanted. */
export class User {
  readonly #world: World
  readonly #ending: Ending
  readonly #wishes: readonly Wish[]
  readonly #deletions: Wants['deletions']
  #touches = 0
  #offered: Offers = { revision: -1 }
  /** By uid: the last mark that a stranger has left. */
  readonly touched: Map<string, string> = new Map()

  constructor(world: World, wants: Wants, ending: Ending) {
    this.#world = world
    this.#ending = ending
    this.#deletions = wants.deletions
    this.#wishes = wants.objects.map(input => wishFor(world, input, wants.edits))
  }

  /** What the user wants and has done, as text. */
  get memory(): string {
    const wishes = this.#wishes.map(({ state }) => state).join(' ')
    const marks = [...this.touched].map(([uid, mark]) => `${uid} ${mark}`).join(' ')
    return `${this.#ending}, ${wishes}, ${this.#touches} touches: ${marks}`
  }

  /**
   * What the user does sooner or later, in any case; undefined when all wishes are fulfilled.
   *
   * @param isBusy whether something else can happen, too
   */
  next(isBusy: boolean): ActionOf<'user'> | undefined {
    for (const wish of this.#wishes) {
      const object = this.#find(wish)
      if (wish.state === 'absent' && object === undefined)
        return byUser('user', `create ${wish.name}`, () => this.#create(wish))
      if (wish.state === 'edited')
        return byUser('user', `change back ${wish.name}`, () => this.#restore(wish))
    }
    if (this.#ending === 'kept' || (isBusy && this.#deletions === 'at rest')) return undefined
    const last = this.#wishes.find(({ state }) => state === 'made')
    return last && byUser('user', `delete ${last.name}`, () => this.#remove(last, 'done'))
  }

  /** What the user may do besides. */
  edits(): readonly ActionOf<'edit'>[] {
    const known = this.#offers()
    known.edits ??= this.#wishes.flatMap(wish =>
      wish.state === 'made' && this.#find(wish) !== undefined
        ? wish.edits.map(edit =>
            byUser('edit', `edit ${wish.name}: ${edit.label}`, () => this.#edit(wish, edit)),
          )
        : [],
    )
    return known.edits
  }

  /** Deletions that are undone later: by the user, or by whoever looks after an owned object. */
  removals(): readonly ActionOf<'remove'>[] {
    const known = this.#offers()
    if (known.removals !== undefined) return known.removals
    const found: ActionOf<'remove'>[] = []
    for (const wish of this.#wishes)
      if (wish.state === 'made')
        found.push(byUser('remove', `delete ${wish.name}`, () => this.#remove(wish, 'absent')))
    for (const object of this.#world.objects())
      if (object.metadata.deletionTimestamp === undefined && isControlled(object))
        found.push(byUser('remove', `delete ${nameOf(object)}`, () => this.#delete(object)))
    known.removals = found
    return found
  }

  /** Of the objects that somebody is about to write, or else of any. */
  touchings(underWay: ReadonlySet<string>): readonly ActionOf<'touch'>[] {
    const known = this.#offers()
    known.touchings ??= this.#world
      .objects()
      .map(object => byUser('touch', `annotate ${nameOf(object)}`, () => this.#touch(object)))
    if (underWay.size === 0) return known.touchings
    const objects = this.#world.objects()
    const raced = known.touchings.filter((_, at) => underWay.has(keyOf(objects[at] as StoredObject)))
    return raced.length > 0 ? raced : known.touchings
  }

  /** What was offered since the last change of the objects or the wishes: most steps change neither. */
  #offers(): Offers {
    const { revision } = this.#world.store
    if (this.#offered.revision !== revision) this.#offered = { revision }
    return this.#offered
  }

  #become(wish: Wish, state: Wish['state']): void {
    wish.state = state
    this.#offered = { revision: -1 }
  }

  #find({ kind, ref }: Wish): StoredObject | undefined {
    return this.#world.store.get(kind, ref)
  }

  async #create(wish: Wish): Promise<void> {
    const { store } = this.#world
    const made = await store.create(wish.kind, wish.input)
    this.#become(wish, 'made')
    wish.spec = wish.input.spec
    if (wish.input.status !== undefined && wish.kind.statusSubresource)
      await store.updateStatus(wish.kind, { ...made, status: wish.input.status })
  }

  async #edit(wish: Wish, { spec }: SpecEdit): Promise<void> {
    if (await this.#putSpec(wish, spec)) this.#become(wish, 'edited')
  }

  async #restore(wish: Wish): Promise<void> {
    await this.#putSpec(wish, wish.input.spec)
    this.#become(wish, 'made')
  }

  /** Only what the user wants otherwise than before; a schema or a hook may refuse it. */
  async #putSpec(wish: Wish, spec: unknown): Promise<boolean> {
    const old = fieldsOf(wish.spec)
    const wanted = fieldsOf(spec)
    const change = this.#world.store.modify(wish.kind, wish.ref, draft => {
      const fields = draft.spec as Record<string, unknown>
      for (const key of Object.keys(old)) if (!Object.hasOwn(wanted, key)) delete fields[key]
      for (const [key, value] of Object.entries(wanted)) if (!deepEqual(value, old[key])) fields[key] = value
    })
    const done = await allowed(change)
    if (done) wish.spec = spec
    return done
  }

  async #remove(wish: Wish, state: 'absent' | 'done'): Promise<void> {
    this.#become(wish, state)
    await allowed(this.#world.store.delete(wish.kind, wish.ref))
  }

  async #delete(object: StoredObject): Promise<void> {
    await allowed(this.#world.store.delete(this.#world.kindOf(object), object.metadata))
  }

  async #touch(object: StoredObject): Promise<void> {
    const mark = String(++this.#touches)
    const change = this.#world.store.modify(this.#world.kindOf(object), object.metadata, draft => {
      draft.metadata.annotations[TOUCH_ANNOTATION] = mark
    })
    if (await allowed(change)) this.touched.set(object.metadata.uid, mark)
  }
}

function byUser<Kind extends string>(kind: Kind, label: string, run: () => Promise<void>): ActionOf<Kind> {
  return { kind, actor: 'user', label, run }
}

function isControlled({ metadata }: StoredObject): boolean {
  return metadata.ownerReferences.some(({ controller }) => controller === true)
}

function fieldsOf(spec: unknown): Readonly<Record<string, unknown>> {
  return (spec ?? {}) as Readonly<Record<string, unknown>>
}

async function allowed(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if (isKeelsonError(error)) return false
    throw error
  }
}

function wishFor(world: World, input: ObjectInput, edits: Wants['edits']): Wish {
  const { apiVersion, kind: kindName, metadata } = input
  const { name, namespace } = metadata
  if (kindName === undefined || name === undefined)
    throw new UsageError('each of the objects needs a kind and a metadata.name', { object: input })
  const kind = world.kindNamed(kindName, apiVersion)
  return {
    kind,
    input,
    ref: namespace === undefined ? { name } : { namespace, name },
    name: namespace === undefined ? `${kindName} ${name}` : `${kindName} ${namespace}/${name}`,
    edits: edits(input, kind),
    state: 'absent',
    spec: input.spec,
  }
}
