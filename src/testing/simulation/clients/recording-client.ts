import { isKeelsonError } from '../../../core/index.js'
import type { Client, ClientWrite } from '../../../store/index.js'
import { tapWrites } from '../../../store/index.js'
import { textOf } from '../objects/object-text.js'
import type { Call } from './facade.js'
import { facade } from './facade.js'

/** Is told what a process learns from its client: what cannot change any more, or its text. */
export type Learn = (input: unknown) => void

/**
 * A client that tells what is learned through it: results of reads, in transactions too, answers to writes, and
 * drafts. Revisions are left out. Watches are not told: what they deliver are steps.
 */
export function recordingClient(client: Client, learn: Learn): Client {
  const told = tapWrites(client, (write, next) => {
    const answer = next(withRecordedCallback(write, learn))
    listenTo(answer, learn)
    return answer
  })
  return facade(told, (member, call) => {
    if (member === 'client')
      return (...given) => recordingClient(client.client(...(given as Parameters<Client['client']>)), learn)
    if (member === 'snapshot') return (...given) => recorded(call(...given) as object, learn)
    return READS.has(member) ? recordedCall(call, learn) : undefined
  })
}

const READS: ReadonlySet<PropertyKey> = new Set(['get', 'list', 'count'])

/** A recipe is handed a draft, the body of a transaction its reads. */
function withRecordedCallback(write: ClientWrite, learn: Learn): ClientWrite {
  if ('recipe' in write) return { ...write, recipe: listening(write.recipe as Call, learn) }
  return 'body' in write ? { ...write, body: listening(write.body as Call, learn) } : write
}

/** A reader, or a transaction. */
function recorded<T extends object>(target: T, learn: Learn): T {
  return facade(target, (_member, call) => recordedCall(call, learn))
}

function recordedCall(call: Call, learn: Learn): Call {
  return (...args) => {
    const result = call(...args.map(arg => (typeof arg === 'function' ? listening(arg as Call, learn) : arg)))
    if (result instanceof Promise) listenTo(result, learn)
    else learn(lasting(result))
    return result
  }
}

/** Whoever is called back is handed a transaction, a reader or a draft. */
function listening(callback: Call, learn: Learn): Call {
  return (given, ...others) => {
    if (!isReader(given)) learn(lasting(given))
    return callback(isReader(given) ? recorded(given, learn) : given, ...others)
  }
}

function isReader(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'list' in value && 'get' in value
}

function listenTo(answer: Promise<unknown>, learn: Learn): void {
  answer.then(
    value => learn(lasting(value)),
    (error: unknown) => learn(isKeelsonError(error) ? error.code : String(error)),
  )
}

/** Most of what is learned is asked for by none, so what lasts is put into words by those who do. */
function lasting(value: unknown): unknown {
  return Object.isFrozen(value) ? value : textOf(value)
}
