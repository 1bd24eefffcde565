import { hostModule } from '../host/host-modules.js'
import { entryOf, framesBeyond } from './stack-frames.js'
import type { Functions, Wrapper } from './wrapped-functions.js'
import { wrapFunctions } from './wrapped-functions.js'

/** What calls to the host's clocks and chance were made, by name, and where each was first. */
export type ChanceCalls = Map<string, Error>

/**
 * Which time the host's wall clock shows to code under guard: one before a simulated world begins, or one years after.
 * What is decided by it is decided in two ways then.
 */
export type ShownTime = 'early' | 'late'

/** Before every simulated world begins. */
const EARLY_MS = Date.UTC(2025, 11, 1)
const TEN_YEARS_MS = 3650 * 86_400_000

/** Calls as text: `Math.random at rooms.ts:14:9`. */
export function describeChance(calls: ChanceCalls): readonly string[] {
  return [...calls].map(([name, error]) => {
    const entry = entryOf(framesBeyond(error))
    return entry === undefined ? name : `${name} at ${entry.place}`
  })
}

/** Told that a clock or chance of the host was called; says which time to show, if not the true one. */
export type NoteChance = (name: string) => ShownTime | undefined

/**
 * Puts wrappers around the host's clocks and chance. Returns what takes them away; where somebody has put something
 * else into their place meanwhile, that stays.
 */
export function wrapChance(note: NoteChance): () => void {
  const host = globalThis as unknown as Record<'Math' | 'performance' | 'crypto', Functions | undefined>
  const { Date: HostDate } = globalThis
  const hostNow = HostDate.now
  const node = hostModule('node:crypto') as Functions | undefined
  const shownMs = (name: string): number | undefined => {
    const shown = note(name)
    if (shown === undefined) return undefined
    return shown === 'early' ? EARLY_MS : Reflect.apply(hostNow, HostDate, []) + TEN_YEARS_MS
  }
  const noting = (label: string): Wrapper => wrapping(() => void note(label))
  const unwraps = [
    wrapFunctions(host.Math, ['random'], noting('Math.random')),
    wrapFunctions(host.performance, ['now'], noting('performance.now')),
    wrapFunctions(host.crypto, ['randomUUID'], noting('crypto.randomUUID')),
    wrapFunctions(node, ['randomUUID'], noting('crypto.randomUUID')),
    wrapFunctions(node, ['randomBytes'], noting('crypto.randomBytes')),
    wrapFunctions(HostDate as unknown as Functions, ['now'], original => shownNow(original, shownMs)),
    wrapFunctions(globalThis as unknown as Functions, ['Date'], original => shownDate(original, shownMs)),
  ]
  return () => {
    for (const unwrap of unwraps) unwrap()
  }
}

function wrapping(called: () => void): Wrapper {
  return original =>
    new Proxy(original, {
      apply: (target, self, args) => {
        called()
        return Reflect.apply(target, self, args)
      },
    })
}

type ShownMs = (name: string) => number | undefined

const shownNow = (original: Parameters<Wrapper>[0], shownMs: ShownMs): unknown =>
  new Proxy(original, {
    apply: (target, self, args) => shownMs('Date.now') ?? Reflect.apply(target, self, args),
  })

/** A date of a given instant is no question to the clock. */
const shownDate = (original: Parameters<Wrapper>[0], shownMs: ShownMs): unknown =>
  new Proxy(original, {
    apply: (target, self, args) => {
      const ms = shownMs('new Date')
      return ms === undefined ? Reflect.apply(target, self, args) : String(Reflect.construct(target, [ms]))
    },
    construct: (target, args, newTarget) => {
      const ms = args.length === 0 ? shownMs('new Date') : undefined
      return Reflect.construct(target, ms === undefined ? args : [ms], newTarget) as object
    },
  })
