import { isKeelsonError } from '../../../core/index.js'
import type { Client } from '../../../store/index.js'
import { textOf } from '../objects/object-text.js'
import type { Call } from './facade.js'
import { facade } from './facade.js'

/** Hears what a process learns from its client, as text. */
export type Hear = (input: string) => void

/**
 * A client that tells what is learned through it: results of reads, in transactions too, answers to writes, and
 * drafts. Revisions are left out. Watches are not told: what they deliver are steps.
 */
export function recordingClient(client: Client, hear: Hear): Client {
  return recorded(client, hear)
}

function recorded<T extends object>(target: T, hear: Hear): T {
  return facade(target, (member, call) => recordedCall(member, call, hear))
}

function recordedCall(name: PropertyKey, call: Call, hear: Hear): Call {
  if (name === 'watch') return call
  if (name === 'client' || name === 'snapshot') return (...args) => recorded(call(...args) as object, hear)
  return (...args) => {
    const result = call(...args.map(arg => (typeof arg === 'function' ? listening(arg as Call, hear) : arg)))
    if (result instanceof Promise) listenTo(result, hear)
    else hear(textOf(result))
    return result
  }
}

/** Whoever is called back is handed a transaction, a reader or a draft. */
function listening(callback: Call, hear: Hear): Call {
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
