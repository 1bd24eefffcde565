import { isKeelsonError } from '../../../core/index.js'
import type { Client, ClientWrite } from '../../../store/index.js'
import { tapWrites } from '../../../store/index.js'
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
  const told = tapWrites(client, (write, next) => {
    const answer = next(withRecordedCallback(write, hear))
    listenTo(answer, hear)
    return answer
  })
  return facade(told, (member, call) => {
    if (member === 'client')
      return (...given) => recordingClient(client.client(...(given as Parameters<Client['client']>)), hear)
    if (member === 'snapshot') return (...given) => recorded(call(...given) as object, hear)
    return READS.has(member) ? recordedCall(call, hear) : undefined
  })
}

const READS: ReadonlySet<PropertyKey> = new Set(['get', 'list', 'count'])

/** A recipe is handed a draft, the body of a transaction its reads. */
function withRecordedCallback(write: ClientWrite, hear: Hear): ClientWrite {
  if ('recipe' in write) return { ...write, recipe: listening(write.recipe as Call, hear) }
  return 'body' in write ? { ...write, body: listening(write.body as Call, hear) } : write
}

/** A reader, or a transaction. */
function recorded<T extends object>(target: T, hear: Hear): T {
  return facade(target, (_member, call) => recordedCall(call, hear))
}

function recordedCall(call: Call, hear: Hear): Call {
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
