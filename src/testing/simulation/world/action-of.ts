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

/**
 * One action for each of the subjects, made when it is looked at: most are not taken. What makes it is handed `site`, so
 * that it can be the same function at each step.
 */
export function offerEach<T, Site, Kind extends string>(
  subjects: readonly T[],
  site: Site,
  make: (subject: T, site: Site) => ActionOf<Kind>,
): Offers<Kind> {
  return subjects.length === 0
    ? NOTHING
    : new LazyOffers(subjects.length, site, { list: () => subjects, make })
}

/** How actions are made. */
export interface Making<T, Site, Kind extends string> {
  readonly list: (site: Site) => readonly T[]
  readonly make: (subject: T, site: Site) => ActionOf<Kind>
}

/** The same, where the subjects are more work than to count them. */
export function offerSome<T, Site, Kind extends string>(
  length: number,
  site: Site,
  making: Making<T, Site, Kind>,
): Offers<Kind> {
  return length === 0 ? NOTHING : new LazyOffers(length, site, making)
}

class LazyOffers<T, Site, Kind extends string> implements Offers<Kind> {
  readonly length: number
  readonly #site: Site
  readonly #making: Making<T, Site, Kind>
  #subjects: readonly T[] | undefined

  constructor(length: number, site: Site, making: Making<T, Site, Kind>) {
    this.length = length
    this.#site = site
    this.#making = making
  }

  at(index: number): ActionOf<Kind> | undefined {
    this.#subjects ??= this.#making.list(this.#site)
    const subject = this.#subjects[index]
    return subject === undefined ? undefined : this.#making.make(subject, this.#site)
  }
}
