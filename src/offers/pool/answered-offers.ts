/** Offers of one agent that were answered, while what is to become of them is being written. */
export interface AnsweredOffers {
  readonly framework: string
  readonly agent: string
  /** Their resources are no longer the framework's: the agent has gone meanwhile, or the framework for good. */
  isLost: boolean
}

/** Offers that are in the book no more and whose resources are allocated still. */
export class AnsweredBook {
  readonly #all = new Set<AnsweredOffers>()

  begin({ framework, agent }: { readonly framework: string; readonly agent: string }): AnsweredOffers {
    const answered = { framework, agent, isLost: false }
    this.#all.add(answered)
    return answered
  }

  end(answered: AnsweredOffers): void {
    this.#all.delete(answered)
  }

  agentGone(agent: string): void {
    for (const each of this.#all) if (each.agent === agent) each.isLost = true
  }

  frameworkGone(framework: string): void {
    for (const each of this.#all) if (each.framework === framework) each.isLost = true
  }
}
