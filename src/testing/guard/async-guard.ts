import type { AsyncHooksModule, ContextStorage } from '../host/host-modules.js'
import { hostModule } from '../host/host-modules.js'
import { describeAwaited } from './awaited-promise.js'
import type { BlockingCall } from './blocking-calls.js'
import { describeBlocking, wrapBlocking } from './blocking-calls.js'
import type { ChanceCalls, ShownTime } from './chance-calls.js'
import { describeChance, wrapChance } from './chance-calls.js'
import { entryOf, framesBeyond, originOf } from './stack-frames.js'
import { describeStray, isStray } from './stray-work.js'
import type { GuardedStep, WorkRecord } from './work-records.js'
import { stepName, WorkRecords } from './work-records.js'

/** Looks on while one execution runs: what it starts at the host, and which of the host's clocks it reads. */
export interface AsyncGuard {
  /** Runs an execution under the guard. Others at the same time, and the rest of the process, are not its concern. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Runs one action of it; only what follows from an action counts. */
  within<T>(step: GuardedStep, work: () => T): T
  /** What was started at the host, and where; undefined when nothing was. */
  stray(): string | undefined
  /** What an attempt that does not end waits for; undefined when that cannot be told. */
  awaited(): string | undefined
  /** Clocks and chance that were asked, and where. */
  chance(): readonly string[]
  /** Notes the place of a call, to be told by `placeOf` should it matter. */
  mark(): CallMark
}

/** Where something was called. */
export interface CallMark {
  /** Of the line of the code under test; undefined when it has none. */
  readonly place: () => string | undefined
}

/** How closely a guard looks. */
export interface GuardOptions {
  /**
   * Whether it keeps where each promise came to be, which takes most of the time: without, it tells whether anything
   * was started at the host, and not always where.
   */
  readonly looksAtPromises: boolean
  /** What the host's clock shows meanwhile. */
  readonly shows: ShownTime
}

/** A guard for one execution. Undefined where the host has no async hooks. */
export function createAsyncGuard(options: GuardOptions): AsyncGuard | undefined {
  const hooks = hostModule('node:async_hooks')
  return hooks === undefined ? undefined : new Guard(hooks, options)
}

interface Context {
  readonly guard: Guard
  readonly step: GuardedStep | undefined
}

const FRAMES_MAX = 40
/** Of calls that block, so many are kept. */
const CALLS_MAX = 100

class Guard implements AsyncGuard {
  readonly records: WorkRecords = new WorkRecords()
  readonly calls: ChanceCalls = new Map()
  readonly blocking: BlockingCall[] = []
  readonly looksAtPromises: boolean
  readonly shows: ShownTime
  isOpen = false
  readonly #hooks: AsyncHooksModule

  constructor(hooks: AsyncHooksModule, { looksAtPromises, shows }: GuardOptions) {
    this.#hooks = hooks
    this.looksAtPromises = looksAtPromises
    this.shows = shows
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const { storage, leave } = enter(this.#hooks)
    this.isOpen = true
    try {
      return await storage.run({ guard: this, step: undefined }, work)
    } finally {
      this.isOpen = false
      leave()
    }
  }

  within<T>(step: GuardedStep, work: () => T): T {
    return shared === undefined ? work() : shared.storage.run({ guard: this, step }, work)
  }

  stray(): string | undefined {
    const found = [...this.records.all.values()].filter(
      record => isStray(record.type) && !isOfConsole(record),
    )
    const places = found
      .map(record => ({ record, entry: this.records.entryOf(record) }))
      .filter(({ entry }) => entry?.callee !== 'structuredClone')
    const first = places.find(({ entry }) => entry !== undefined) ?? places[0]
    if (first === undefined) return describeBlocking(this.blocking)
    const { what, remedy } = describeStray(first.record.type, first.entry?.callee)
    const at = first.entry === undefined ? '' : ` at ${first.entry.place}`
    return `the code under test ${what}${at}, in ${stepName(first.record.step)}; ${remedy}`
  }

  awaited(): string | undefined {
    return describeAwaited(this.records)
  }

  chance(): readonly string[] {
    return describeChance(this.calls)
  }

  mark(): CallMark {
    const error = hereError()
    return { place: () => entryOf(framesBeyond(error))?.place }
  }
}

/** What a write to the console starts is no concern of an execution; nor is what a test runner does with it. */
function isOfConsole(record: WorkRecord): boolean {
  const frames = framesBeyond(record.error)
  const first = frames.find(frame => originOf(frame) !== 'host')
  return (
    (first !== undefined && originOf(first) === 'runner') ||
    frames.some(({ file }) => /^node:internal\/(?:console|bootstrap|modules)\//.test(file))
  )
}

/** Hooks are there once for the whole process, as long as any guard is open. */
interface Shared {
  readonly storage: ContextStorage<Context>
  readonly close: () => void
  open: number
}

let shared: Shared | undefined

function enter(hooks: AsyncHooksModule): { readonly storage: ContextStorage<Context>; leave(): void } {
  const present = shared ?? openShared(hooks)
  shared = present
  present.open++
  const leave = (): void => {
    present.open--
    if (present.open > 0) return
    present.close()
    shared = undefined
  }
  return { storage: present.storage, leave }
}

function openShared({ AsyncLocalStorage, createHook, executionAsyncId }: AsyncHooksModule): Shared {
  const storage = new AsyncLocalStorage<Context>()
  const current = (): Context | undefined => {
    const context = storage.getStore()
    return context?.guard.isOpen === true && context.step !== undefined ? context : undefined
  }
  const hook = createHook({
    init: (id, type, trigger) => {
      const context = current()
      if (context?.step === undefined) return
      if (!context.guard.looksAtPromises && !isStray(type)) return
      const parent = executionAsyncId()
      const awaited = type === 'PROMISE' && trigger !== parent ? trigger : undefined
      context.guard.records.all.set(id, { id, type, step: context.step, awaited, parent, error: hereError() })
    },
    promiseResolve: id => {
      const guard = storage.getStore()?.guard
      if (guard?.looksAtPromises === true) guard.records.settled.add(id)
    },
  })
  const unwrap = wrapChance(name => {
    const guard = current()?.guard
    if (guard?.calls.has(name) === false) guard.calls.set(name, hereError())
    return guard?.shows
  })
  const unblock = wrapBlocking((name, type) => {
    const context = current()
    if (context?.step !== undefined && context.guard.blocking.length < CALLS_MAX)
      context.guard.blocking.push({ name, type, step: context.step, error: hereError() })
  })
  const sync = hostModule('node:module')?.syncBuiltinESMExports
  sync?.()
  hook.enable()
  const close = (): void => {
    hook.disable()
    unwrap()
    unblock()
    sync?.()
    storage.disable()
  }
  return { storage, close, open: 0 }
}

/** An error with a deep stack that was never read: stacks are formatted lazily. */
function hereError(): Error {
  const { stackTraceLimit } = Error as { stackTraceLimit?: number }
  Object.assign(Error, { stackTraceLimit: FRAMES_MAX })
  const error = new Error('here')
  Object.assign(Error, { stackTraceLimit })
  return error
}
