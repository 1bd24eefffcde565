import { isKeelsonError, UsageError } from '../../../core/index.js'
import { deepEqual } from '../../../core/internal.js'
import type { Kind, ObjectInput, ObjectRef, StoredObject } from '../../../store/index.js'
import { describeObject } from '../../../store/internal.js'
import { isControlled } from '../objects/inventory.js'
import { nameOf } from '../objects/object-names.js'
import { TOUCH_ANNOTATION } from '../objects/plain-state.js'
import type { EditedMetadata, SpecEdit } from '../objects/spec-edits.js'
import type { ActionOf, Making, Offers } from './action-of.js'
import { offerEach, offerSome } from './action-of.js'
import type { World } from './world.js'

/** What becomes of the given objects in the end. */
export type Ending = 'kept' | 'deleted'

interface WantedObject {
  readonly kind: Kind
  readonly input: ObjectInput
  readonly ref: ObjectRef
  readonly name: string
  readonly edits: readonly SpecEdit[]
  /** `absent`: to be created. `edited`: to be changed back. */
  state: 'absent' | 'made' | 'edited' | 'done'
  /** What the user has asked for last. */
  asked: Asked
}

interface Asked extends EditedMetadata {
  readonly spec: unknown
}

/** What is asked of the world. */
export interface Wants {
  readonly objects: readonly ObjectInput[]
  /** What the user may change a spec to. */
  readonly edits: (object: ObjectInput, kind: Kind) => readonly SpecEdit[]
  /** When objects are deleted in the end: whenever it is chosen, or once everything else has come to rest. */
  readonly deletions: 'at any time' | 'at rest'
}

/** How much there is that the user may edit and delete. */
interface Counts {
  readonly revision: number
  readonly edits: number
  /** Objects that were made as they are wanted. */
  readonly made: number
}

/** People: they want the given objects, change their minds, and come back to what they asked. */
export class User {
  static readonly #edits: Making<readonly [WantedObject, SpecEdit], User, 'edit'> = {
    list: user =>
      user.#wanted.flatMap(wanted =>
        user.#isThere(wanted) ? wanted.edits.map(edit => [wanted, edit] as const) : [],
      ),
    make: ([wanted, edit], user) =>
      byUser('edit', `edit ${wanted.name}: ${edit.label}`, () => user.#edit(wanted, edit)),
  }
  static readonly #removals: Making<WantedObject | StoredObject, User, 'remove'> = {
    list: user => [
      ...user.#wanted.filter(({ state }) => state === 'made'),
      ...user.#world.inventory.objects.filter(isControlled),
    ],
    make: (subject, user) =>
      'edits' in subject
        ? byUser('remove', `delete ${subject.name}`, () => user.#remove(subject, 'absent'))
        : byUser('remove', `delete ${nameOf(subject)}`, () => user.#delete(subject)),
  }
  static readonly #touching = (object: StoredObject, user: User): ActionOf<'touch'> =>
    byUser('touch', `annotate ${nameOf(object)}`, () => user.#touch(object))

  readonly #world: World
  readonly #ending: Ending
  readonly #wanted: readonly WantedObject[]
  readonly #deletions: Wants['deletions']
  #touches = 0
  #counts: Counts | undefined
  /** By uid: the last mark that a stranger has left. */
  readonly touched: Map<string, string> = new Map()
  /** Uids of objects that the user holds with a finalizer. */
  readonly held: Set<string> = new Set()

  constructor(world: World, wants: Wants, ending: Ending) {
    this.#world = world
    this.#ending = ending
    this.#deletions = wants.deletions
    this.#wanted = wants.objects.map(input => wantedObject(world, input, wants.edits))
  }

  /** What the user wants and has done, as text. */
  get memory(): string {
    const states = this.#wanted.map(({ state }) => state).join(' ')
    const marks = [...this.touched].map(([uid, mark]) => `${uid} ${mark}`).join(' ')
    return `${this.#ending}, ${states}, ${this.#touches} touches: ${marks}`
  }

  /**
   * What the user does sooner or later, in any case; undefined when all is as wanted.
   *
   * @param isBusy whether something else can happen, too
   */
  next(isBusy: boolean): ActionOf<'user'> | undefined {
    for (const wanted of this.#wanted) {
      if (wanted.state === 'absent' && this.#find(wanted) === undefined)
        return byUser('user', `create ${wanted.name}`, () => this.#create(wanted))
      if (wanted.state === 'edited')
        return byUser('user', `change back ${wanted.name}`, () => this.#restore(wanted))
    }
    if (this.#ending === 'kept' || (isBusy && this.#deletions === 'at rest')) return undefined
    const last = this.#wanted.find(({ state }) => state === 'made')
    return last && byUser('user', `delete ${last.name}`, () => this.#remove(last, 'done'))
  }

  /** What the user may do besides. */
  edits(): Offers<'edit'> {
    return offerSome(this.#count().edits, this, User.#edits)
  }

  /** Deletions that are undone later: by the user, or by whoever looks after an owned object. */
  removals(): Offers<'remove'> {
    return offerSome(this.#count().made + this.#world.inventory.controlled, this, User.#removals)
  }

  /** Of the objects that somebody is about to write, or else of any. */
  touchings(underWay: ReadonlySet<string>): Offers<'touch'> {
    const { inventory } = this.#world
    const raced = underWay.size === 0 ? [] : inventory.withKeys(underWay)
    return offerEach(raced.length > 0 ? raced : inventory.objects, this, User.#touching)
  }

  /** Since the last change of the objects or of what is wanted: most steps change neither. */
  #count(): Counts {
    const { revision } = this.#world.store
    if (this.#counts?.revision === revision) return this.#counts
    const there = this.#wanted.filter(wanted => this.#isThere(wanted))
    const edits = there.reduce((sum, wanted) => sum + wanted.edits.length, 0)
    const made = this.#wanted.filter(({ state }) => state === 'made').length
    this.#counts = { revision, edits, made }
    return this.#counts
  }

  #become(wanted: WantedObject, state: WantedObject['state']): void {
    wanted.state = state
    this.#counts = undefined
  }

  #isThere(wanted: WantedObject): boolean {
    return wanted.state === 'made' && this.#find(wanted) !== undefined
  }

  #find({ kind, ref }: WantedObject): StoredObject | undefined {
    return this.#world.store.get(kind, ref)
  }

  async #create(wanted: WantedObject): Promise<void> {
    const { store } = this.#world
    const made = await store.create(wanted.kind, wanted.input)
    this.#become(wanted, 'made')
    wanted.asked = askedOf(wanted.input)
    if (wanted.input.status !== undefined && wanted.kind.statusSubresource)
      await store.updateStatus(wanted.kind, { ...made, status: wanted.input.status })
  }

  async #edit(wanted: WantedObject, edit: SpecEdit): Promise<void> {
    if (await this.#put(wanted, { ...wanted.asked, ...edit })) this.#become(wanted, 'edited')
  }

  async #restore(wanted: WantedObject): Promise<void> {
    await this.#put(wanted, askedOf(wanted.input))
    this.#become(wanted, 'made')
  }

  /** Only what the user wants otherwise than before; a schema or a hook may refuse it. */
  async #put(wanted: WantedObject, now: Asked): Promise<boolean> {
    const before = wanted.asked
    let uid = ''
    const change = this.#world.store.modify(wanted.kind, wanted.ref, ({ metadata, spec }) => {
      uid = metadata.uid
      putFields(spec as Record<string, unknown>, fieldsOf(before.spec), fieldsOf(now.spec))
      putFields(metadata.labels, before.labels, now.labels)
      putFields(metadata.annotations, before.annotations, now.annotations)
      const kept = metadata.finalizers.filter(
        name => now.finalizers.includes(name) || !before.finalizers.includes(name),
      )
      const added = now.finalizers.filter(name => !before.finalizers.includes(name) && !kept.includes(name))
      if (kept.length < metadata.finalizers.length || added.length > 0)
        metadata.finalizers = [...kept, ...added]
    })
    const isHeld = now.finalizers.length > before.finalizers.length
    const done = await allowed(change)
    if (!done) return false
    wanted.asked = now
    if (isHeld) this.held.add(uid)
    else this.held.delete(uid)
    return true
  }

  async #remove(wanted: WantedObject, state: 'absent' | 'done'): Promise<void> {
    this.#become(wanted, state)
    await allowed(this.#world.store.delete(wanted.kind, wanted.ref))
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

function putFields(
  fields: Record<string, unknown>,
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(now, key)) delete fields[key]
  for (const [key, value] of Object.entries(now)) if (!deepEqual(value, before[key])) fields[key] = value
}

function askedOf({ spec, metadata }: ObjectInput): Asked {
  const { labels = {}, annotations = {}, finalizers = [] } = metadata
  return { spec, labels, annotations, finalizers }
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

function wantedObject(world: World, input: ObjectInput, edits: Wants['edits']): WantedObject {
  const { apiVersion, kind: kindName, metadata } = input
  const { name, namespace } = metadata
  if (kindName === undefined || name === undefined)
    throw new UsageError('each of the objects needs a kind and a metadata.name', { object: input })
  const kind = world.kindNamed(kindName, apiVersion)
  const ref = namespace === undefined ? { name } : { namespace, name }
  return {
    kind,
    input,
    ref,
    name: describeObject({ kind: kindName, ...ref }),
    edits: edits(input, kind),
    state: 'absent',
    asked: askedOf(input),
  }
}
