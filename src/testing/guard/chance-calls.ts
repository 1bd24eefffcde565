import { hostModule } from '../host/host-modules.js'
import { entryOf, framesBeyond } from './stack-frames.js'

/** What calls to the host's clocks and chance were made, by name, and where each was first. */
export type ChanceCalls = Map<string, Error>

/** Calls as text: `Math.random at rooms.ts:14:9`. */
export function describeChance(calls: ChanceCalls): readonly string[] {
  return [...calls].map(([name, error]) => {
    const entry = entryOf(framesBeyond(error))
    return entry === undefined ? name : `${name} at ${entry.place}`
  })
}

type Functions = Record<string, (...args: never[]) => unknown>

interface Wrapped {
  readonly owner: Functions
  readonly name: string
  readonly original: PropertyDescriptor | undefined
  readonly wrapper: unknown
}

/**
 * Puts wrappers around the host's clocks and chance, which report to `note` that they were called and do nothing else.
 * Returns what takes them away; where somebody has put something else into their place meanwhile, that stays.
 */
export function wrapChance(note: (name: string) => void): () => void {
  const host = globalThis as unknown as Record<
    'Math' | 'Date' | 'performance' | 'crypto',
    Functions | undefined
  >
  const node = hostModule('node:crypto') as Functions | undefined
  const targets: readonly (readonly [owner: Functions | undefined, name: string, label: string])[] = [
    [host.Math, 'random', 'Math.random'],
    [host.Date, 'now', 'Date.now'],
    [host.performance, 'now', 'performance.now'],
    [host.crypto, 'randomUUID', 'crypto.randomUUID'],
    [node, 'randomUUID', 'crypto.randomUUID'],
    [node, 'randomBytes', 'crypto.randomBytes'],
  ]
  const wrapped = targets.flatMap(([owner, name, label]) =>
    owner === undefined ? [] : wrap(owner, name, () => note(label)),
  )
  wrapped.push(...wrap(globalThis as unknown as Functions, 'Date', () => note('new Date'), constructed))
  hostModule('node:module')?.syncBuiltinESMExports()
  return () => {
    for (const each of wrapped) unwrap(each)
    hostModule('node:module')?.syncBuiltinESMExports()
  }
}

type Wrapper = (original: (...args: never[]) => unknown, called: () => void) => unknown

function wrap(owner: Functions, name: string, called: () => void, make: Wrapper = applied): Wrapped[] {
  const value = owner[name]
  const original = Object.getOwnPropertyDescriptor(owner, name)
  const isFixed = original === undefined ? !Object.isExtensible(owner) : original.configurable !== true
  if (typeof value !== 'function' || isFixed) return []
  const wrapper = make(value, called)
  Object.defineProperty(owner, name, {
    configurable: true,
    writable: true,
    enumerable: original?.enumerable ?? false,
    value: wrapper,
  })
  return [{ owner, name, original, wrapper }]
}

const applied: Wrapper = (original, called) =>
  new Proxy(original, {
    apply: (target, self, args) => {
      called()
      return Reflect.apply(target, self, args)
    },
  })

/** A date of a given instant is no question to the clock. */
const constructed: Wrapper = (original, called) =>
  new Proxy(original, {
    apply: (target, self, args) => {
      called()
      return Reflect.apply(target, self, args)
    },
    construct: (target, args, newTarget) => {
      if (args.length === 0) called()
      return Reflect.construct(target, args, newTarget) as object
    },
  })

function unwrap({ owner, name, original, wrapper }: Wrapped): void {
  if (owner[name] !== wrapper) return
  if (original === undefined) Reflect.deleteProperty(owner, name)
  else Object.defineProperty(owner, name, original)
}
