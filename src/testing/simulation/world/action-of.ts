import type { StepInfo } from '../../../core/index.js'

/** One thing that can happen next, of some kind. */
export interface ActionOf<Kind extends string> {
  readonly kind: Kind
  /** Who does it: a process, or `user`. */
  readonly actor: string
  readonly label: string
  /** What the step that is taken says of itself. */
  readonly about?: StepInfo
  /** True for timers that re-arm endlessly, such as renewals of a lease. */
  readonly isBackground?: boolean
  readonly run: () => void | Promise<void>
}

/** True for what the code under test does itself, its timers included. */
export function isOfProcess({ actor }: Pick<ActionOf<string>, 'actor'>): boolean {
  return actor.startsWith('app-')
}

/** Several of one kind: how many there are, and each as it is looked at. */
export interface Offers<Kind extends string> {
  readonly length: number
  at(index: number): ActionOf<Kind> | undefined
}

const NOTHING: Offers<never> = []

/** One action for each of the subjects, made when it is looked at: most are not taken. */
export function offerEach<T, Kind extends string>(
  subjects: readonly T[],
  make: (subject: T) => ActionOf<Kind>,
): Offers<Kind> {
  return offerSome(subjects.length, () => subjects, make)
}

/** The same, where the subjects are more work than to count them. */
export function offerSome<T, Kind extends string>(
  length: number,
  subjects: () => readonly T[],
  make: (subject: T) => ActionOf<Kind>,
): Offers<Kind> {
  return length === 0 ? NOTHING : new LazyOffers(length, subjects, make)
}

class LazyOffers<T, Kind extends string> implements Offers<Kind> {
  readonly length: number
  readonly #list: () => readonly T[]
  #subjects: readonly T[] | undefined
  readonly #make: (subject: T) => ActionOf<Kind>

  constructor(length: number, subjects: () => readonly T[], make: (subject: T) => ActionOf<Kind>) {
    this.length = length
    this.#list = subjects
    this.#make = make
  }

  at(index: number): ActionOf<Kind> | undefined {
    this.#subjects ??= this.#list()
    const subject = this.#subjects[index]
    return subject === undefined ? undefined : this.#make(subject)
  }
}
