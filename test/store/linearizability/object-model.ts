import type { SequentialModel } from './check-linearizable.js'

/** A call of a client of a store of counters. */
export type StoreCall =
  | { readonly verb: 'create'; readonly name: string; readonly value: number }
  /** With the resourceVersion that the client saw last, or one that never was. */
  | { readonly verb: 'update'; readonly name: string; readonly value: number; readonly expected: string }
  /** Adds to what is stored: a lost update shows in the sum. */
  | { readonly verb: 'modify'; readonly name: string; readonly add: number }
  | { readonly verb: 'delete'; readonly name: string; readonly expected?: string }
  /** Moves an amount from one counter to another, in one transaction. */
  | { readonly verb: 'move'; readonly from: string; readonly to: string; readonly amount: number }
  /** Reads several counters in one transaction. */
  | { readonly verb: 'read'; readonly names: readonly string[] }

export interface CounterSeen {
  readonly value: number
  readonly version: string
}

/** What the caller heard: the counters as they were read or written, or the code of the error. */
export type StoreAnswer =
  | { readonly seen: Readonly<Record<string, CounterSeen | null>> }
  | { readonly error: string }

/** The counters by name. A version is unknown after a write whose answer was not heard, until it is seen. */
type Counters = Readonly<Record<string, { readonly value: number; readonly version: string | undefined }>>

interface Store {
  readonly counters: Counters
  /** The last version that is known; each write has a later one. */
  readonly revision: bigint
}

/** The values that a call would leave, by name (null: gone); or the code of the error that it gets. */
function outcomeOf(counters: Counters, call: StoreCall): Readonly<Record<string, number | null>> | string {
  switch (call.verb) {
    case 'create':
      return counters[call.name] === undefined ? { [call.name]: call.value } : 'AlreadyExists'
    case 'modify': {
      const current = counters[call.name]
      return current === undefined ? 'NotFound' : { [call.name]: current.value + call.add }
    }
    case 'move': {
      const from = counters[call.from]
      const to = counters[call.to]
      if (from === undefined || to === undefined) return 'NotFound'
      return { [call.from]: from.value - call.amount, [call.to]: to.value + call.amount }
    }
    case 'update':
    case 'delete':
      if (counters[call.name] === undefined) return 'NotFound'
      return { [call.name]: call.verb === 'update' ? call.value : null }
    case 'read':
      return {}
  }
}

/** Whether the precondition of the call can hold, can fail: both, where the version is unknown. */
function preconditionOf(
  counters: Counters,
  call: StoreCall,
): { readonly holds: boolean; readonly fails: boolean } {
  if (!('expected' in call) || call.expected === undefined) return { holds: true, fails: false }
  const version = counters[call.name]?.version
  if (version === undefined) return { holds: true, fails: counters[call.name] !== undefined }
  return { holds: version === call.expected, fails: version !== call.expected }
}

/** A store of counters with one client at a time. Versions only rise; what is written has the version of its commit. */
export const counterStore: SequentialModel<Store, StoreCall, StoreAnswer> = {
  initial: { counters: {}, revision: 0n },
  textOf: ({ counters, revision }) =>
    `${revision} ${Object.keys(counters)
      .sort()
      .map(name => `${name}=${counters[name]?.value}@${counters[name]?.version}`)
      .join()}`,
  apply: (store, call, answer) => {
    const { counters } = store
    if (call.verb === 'read') return afterRead(store, call.names, answer)
    const outcome = outcomeOf(counters, call)
    const { holds, fails } = preconditionOf(counters, call)
    if (answer === undefined)
      return typeof outcome === 'string' || !holds ? [store] : [store, written(store, outcome)]
    if ('error' in answer) {
      if (typeof outcome === 'string') return answer.error === outcome ? [store] : []
      return answer.error === 'Conflict' && fails ? [store] : []
    }
    if (typeof outcome === 'string' || !holds) return []
    return afterWrite(store, outcome, answer.seen)
  },
}

function afterRead(
  store: Store,
  names: readonly string[],
  answer: StoreAnswer | undefined,
): readonly Store[] {
  if (answer === undefined) return [store]
  if ('error' in answer) return []
  const counters = { ...store.counters }
  let { revision } = store
  for (const name of names) {
    const seen = answer.seen[name]
    const current = counters[name]
    if ((seen === null) !== (current === undefined)) return []
    if (seen === null || seen === undefined || current === undefined) continue
    if (seen.value !== current.value || (current.version ?? seen.version) !== seen.version) return []
    counters[name] = { value: seen.value, version: seen.version }
    if (BigInt(seen.version) > revision) revision = BigInt(seen.version)
  }
  return [{ counters, revision }]
}

function afterWrite(
  store: Store,
  outcome: Readonly<Record<string, number | null>>,
  seen: Readonly<Record<string, CounterSeen | null>>,
): readonly Store[] {
  const counters = { ...store.counters }
  let { revision } = store
  for (const [name, value] of Object.entries(outcome)) {
    if (value === null) {
      delete counters[name]
      continue
    }
    const now = seen[name]
    const current = counters[name]
    // What changes nothing is no write: the object keeps its version.
    if (current?.value === value) {
      if (now?.value !== value || (current.version ?? now.version) !== now.version) return []
      counters[name] = { value, version: now.version }
      continue
    }
    // All that one commit writes has one version, later than all before it.
    if (now?.value !== value || BigInt(now.version) <= store.revision) return []
    if (revision !== store.revision && BigInt(now.version) !== revision) return []
    revision = BigInt(now.version)
    counters[name] = { value, version: now.version }
  }
  return [{ counters, revision }]
}

function written(store: Store, outcome: Readonly<Record<string, number | null>>): Store {
  const counters = { ...store.counters }
  for (const [name, value] of Object.entries(outcome)) {
    if (value === null) delete counters[name]
    else if (counters[name]?.value !== value) counters[name] = { value, version: undefined }
  }
  return { counters, revision: store.revision }
}
