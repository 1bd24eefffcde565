/** How an owner stands to the question whether what it owns may stay. */
export type OwnerState =
  /** Exists with the uid referred to. */
  | 'solid'
  /** Does not exist, or only a namesake with another uid does. */
  | 'dangling'
  /** Is being deleted in the foreground: it goes when what it owns has gone. */
  | 'waiting'
  /** Of an unknown kind, or in a namespace where an object without one cannot have an owner. */
  | 'unknown'

/** What is done with an object that has owners. */
export type CollectionPlan =
  | { readonly kind: 'keep' }
  /** Some owners are gone for good; the others keep it. */
  | { readonly kind: 'dropOwners'; readonly states: readonly OwnerState[] }
  | {
      readonly kind: 'delete'
      readonly policy: 'Background' | 'Foreground' | 'Orphan'
      /** Its owners no longer wait for it: it would wait for one of them. */
      readonly unblock: boolean
    }

/** What the decision depends on besides the owners. */
export interface Collectable {
  /** The finalizer of the policy it asked for itself, if it has one. */
  readonly asksFor: 'Foreground' | 'Orphan' | undefined
  readonly hasDependents: boolean
  /** One of its dependents is being deleted in the foreground. */
  readonly hasWaitingDependent: boolean
}

/**
 * Decides about an object by its owners, in the order of its references (Kubernetes `garbagecollector.go`,
 * `attemptToDeleteItem`): one solid owner keeps it and the others are dropped; only waiting owners take what it owns
 * along first; else no owner needs it any more. An owner that cannot be looked up keeps it.
 */
export function planCollection(owners: readonly OwnerState[], item: Collectable): CollectionPlan {
  if (owners.length === 0 || owners.includes('unknown')) return { kind: 'keep' }
  if (owners.includes('solid'))
    return owners.every(state => state === 'solid')
      ? { kind: 'keep' }
      : { kind: 'dropOwners', states: owners }
  if (owners.includes('waiting') && item.hasDependents)
    return { kind: 'delete', policy: 'Foreground', unblock: item.hasWaitingDependent }
  return { kind: 'delete', policy: item.asksFor ?? 'Background', unblock: false }
}
