/** Hears of promises that were rejected while nobody listened, as long as it is open. */
export interface RejectionScope {
  /** What is rejected from now on is of this scope, until another one claims it. */
  claim(): void
  close(): void
}

type Listener = (reason: unknown, promise: unknown) => void

interface HostEvents {
  /** As they were added: one that is to hear once stays so. */
  rawListeners(event: 'unhandledRejection'): readonly Listener[]
  on(event: 'unhandledRejection', listener: Listener): void
  off(event: 'unhandledRejection', listener: Listener): void
}

/** How many scopes are open. Not a set of them: one that lives long keeps its former tables, and what was in them. */
let open = 0
let latest: { readonly hear: (reason: unknown) => void } | undefined
/** Those of others, which hear of what is of no scope. */
let others: readonly Listener[] = []

/**
 * Opens a scope. By default a host ends the process for such a rejection, and a test runner fails a run for it, long
 * after what it was about; both are put off here. A host without such events tells nobody.
 */
export function hearRejections(hear: (reason: unknown) => void): RejectionScope {
  const entry = { hear }
  const events = hostEvents()
  if (open === 0 && events !== undefined) {
    others = events.rawListeners('unhandledRejection').slice()
    for (const listener of others) events.off('unhandledRejection', listener)
    events.on('unhandledRejection', distribute)
  }
  open++
  return {
    claim: () => {
      latest = entry
    },
    close: () => {
      open--
      if (latest === entry) latest = undefined
      if (open > 0 || events === undefined) return
      events.off('unhandledRejection', distribute)
      for (const listener of others) events.on('unhandledRejection', listener)
      others = []
    },
  }
}

/** The host tells of a rejection at the end of the turn in which it came about, which is a step of the latest claim. */
const distribute: Listener = (reason, promise) => {
  if (latest !== undefined) return latest.hear(reason)
  for (const listener of others) listener(reason, promise)
  // As the host does where nobody listens.
  if (others.length === 0) throw reason
}

function hostEvents(): HostEvents | undefined {
  const { process } = globalThis as unknown as { readonly process?: Partial<HostEvents> }
  return process?.rawListeners === undefined ? undefined : (process as HostEvents)
}
