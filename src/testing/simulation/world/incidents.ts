import { isKeelsonError } from '../../../core/index.js'
import type { Reader, Store } from '../../../store/index.js'
import type { ActionOf, Offers } from './action-of.js'
import { offerEach } from './action-of.js'

/** Something that may happen to the world, known only to those who know what its objects mean: a node is lost. */
export interface Incident {
  /** As the trace calls it. */
  readonly name: string
  /** Most often in one execution. Default 1; all together, not more often than the fault `incident` allows. */
  readonly times?: number
  /** Where it can happen. Default: anywhere. */
  readonly when?: (reader: Reader) => boolean
  /** Lets it happen. What the store refuses is as if it had not happened. */
  readonly run: (site: IncidentSite) => Promise<unknown> | void
  /** Sooner or later follows each, so that the world can come to the same rest. Default: it stays. */
  readonly undo?: (site: IncidentSite) => Promise<unknown> | void
}

/** What incidents change. */
export interface IncidentSite {
  readonly store: Store
  /** See `ProcessSite`. */
  readonly outside: Map<string, unknown>
}

/** Which incidents have happened, and which are to be undone. */
export class Incidents {
  readonly #site: IncidentSite
  readonly #all: readonly Incident[]
  readonly #counts = new Map<Incident, number>()
  #open: readonly Incident[] = []

  constructor(site: IncidentSite, incidents: readonly Incident[]) {
    this.#site = site
    this.#all = incidents
  }

  /** What has happened and is to be undone, as text. */
  get memory(): string {
    const counts = this.#all.map(incident => this.#counts.get(incident) ?? 0)
    return `${counts.join(' ')}, ${this.#open.map(({ name }) => name).join(' ')}`
  }

  /** What will be undone next. */
  next(): ActionOf<'user'> | undefined {
    const [first, ...others] = this.#open
    if (first?.undo === undefined) return undefined
    const { name, undo } = first
    return {
      kind: 'user',
      actor: 'world',
      label: `no longer: ${name}`,
      run: async () => {
        this.#open = others
        await this.#attempt(undo)
      },
    }
  }

  /** What may happen now. */
  offers(): Offers<'incident'> {
    if (this.#all.length === 0) return []
    const possible = this.#all.filter(incident => {
      const { times = 1, when } = incident
      return (this.#counts.get(incident) ?? 0) < times && (when === undefined || when(this.#site.store))
    })
    return offerEach(possible, this, incident => ({
      kind: 'incident',
      actor: 'world',
      label: incident.name,
      run: async () => {
        this.#counts.set(incident, (this.#counts.get(incident) ?? 0) + 1)
        if (incident.undo !== undefined) this.#open = [...this.#open, incident]
        await this.#attempt(incident.run)
      },
    }))
  }

  async #attempt(change: Incident['run']): Promise<void> {
    try {
      await change(this.#site)
    } catch (error) {
      if (!isKeelsonError(error)) throw error
    }
  }
}
