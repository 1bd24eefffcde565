import type { DomainScorePlugin, NodeScorePlugin } from '../plugins/plugin.js'

/** The uses of one plugin are a run of those of the class. */
export interface WithTerms<Plugin> {
  readonly plugin: Plugin
  /** Where its first term is among those of the class. */
  readonly offset: number
  readonly termCount: number
}

/** A score of the profile, in its order, and how it is found for a node. */
export type ClassScore =
  /** Part of the total of the node. */
  | { readonly kind: 'local'; readonly plugin: NodeScorePlugin; readonly weight: number }
  /** Equal within a bucket: `part` is where its raw score is. */
  | {
      readonly kind: 'part'
      readonly plugin: NodeScorePlugin
      readonly weight: number
      readonly part: number
    }
  /** Found out for a bucket when it is needed. */
  | { readonly kind: 'domain'; readonly weight: number; readonly of: WithTerms<DomainScorePlugin> }
