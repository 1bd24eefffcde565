import { isKeelsonError } from '../../../core/index.js'
import type { Client } from '../../../store/index.js'
import { textOf } from './object-text.js'

/** Hears what a process learns from its client, as text. */
export type Hear = (input: string) => void

type Member = (...args: readonly unknown[]) => unknown

/**
 * A client that tells what is learned through it: results of reads, in transactions too, answers to writes, and
 * drafts. Revisions are left out. Watches are not told: what they deliver are steps.
 */
export function recordingClient(client: Client, hear: Hear): Client {
  return recorded(client, hear)
}

function recorded<T extends object>(target: T, hear: Hear): T {
  const members = new Map<string | symbol, unknown>()
  return new Proxy(target, {
    get: (on, name) => {
      const known = members.get(name)
      if (known !== undefined) return known
      const member: unknown = Reflect.get(on, name, on)
      if (name === 'leases' && typeof member === 'object' && member !== null) return recorded(member, hear)
      if (typeof member !== 'function') return member
      const wrapped = recordedMember(name, (...args) => Reflect.apply(member, on, args), hear)
      members.set(name, wrapped)
      return wrapped
    },
  })
}

function recordedMember(name: string | symbol, member: Member, hear: Hear): Member {
  if (name === 'watch') return member
  if (name === 'client' || name === 'snapshot') return (...args) => recorded(member(...args) as object, hear)
  return (...args) => {
    const result = member(
      ...args.map(arg => (typeof arg === 'function' ? listening(arg as Member, hear) : arg)),
    )
    if (result instanceof Promise) listenTo(result, hear)
    else hear(textOf(result))
    return result
  }
}

/** Whoever is called back is handed a transaction, a reader or a draft. */
function listening(callback: Member, hear: Hear): Member {
  return (given, ...others) => {
    if (!isReader(given)) hear(textOf(given))
    return callback(isReader(given) ? recorded(given, hear) : given, ...others)
  }
}

function isReader(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'list' in value && 'get' in value
}

function listenTo(answer: Promise<unknown>, hear: Hear): void {
  answer.then(
    value => hear(textOf(value)),
    (error: unknown) => hear(isKeelsonError(error) ? error.code : String(error)),
  )
}
