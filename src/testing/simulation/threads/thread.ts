import { UsageError } from '../../../core/index.js'
import type { HostPort } from '../../host/host-modules.js'
import type { Job } from '../search/searcher.js'
import type { Digest } from './digest.js'

/** Executions that a thread is to look at. */
export interface Asked {
  /** The number of the first of them. */
  readonly first: number
  readonly jobs: readonly Job[]
}

/** What a thread says. */
export type Told =
  /** It is ready, with a hash of the check that it has come to. */
  | { readonly check: string }
  | { readonly first: number; readonly digests: readonly (Digest | undefined)[] }
  /** It has come to nothing, and why. */
  | { readonly failed: string }

/** Where the first check of a thread finds whom it works for: `globalThis[Symbol.for(PORT_SYMBOL)]`. */
const PORT_SYMBOL = 'keelson.check'

/** A thread, as a script of its own: it imports the module of the check, which brings this library with it. */
export const CHECK_THREAD: string = `
const { parentPort, workerData } = require('node:worker_threads')
const { module, exportName, args } = workerData
globalThis[Symbol.for('${PORT_SYMBOL}')] = parentPort
import(module).then(async found => {
  if (typeof found[exportName] !== 'function') throw new TypeError('it exports no function ' + exportName)
  await found[exportName](...args)
  throw new Error(exportName + ' has made no check')
}).catch(error => parentPort.postMessage({ failed: String(error?.stack ?? error) }))
`

/** Whom the present check works for, if this is the first check of such a thread. */
export function takePort(): HostPort | undefined {
  const holder = globalThis as unknown as Record<symbol, HostPort | undefined>
  const symbol = Symbol.for(PORT_SYMBOL)
  const port = holder[symbol]
  if (port !== undefined) delete holder[symbol]
  return port
}

/**
 * Looks at what is asked for, one after the other, until the thread is ended.
 *
 * @param check a hash of the check
 * @param look what came of an execution; undefined when the asking thread has to see for itself
 */
export function serve(
  port: HostPort,
  check: string,
  look: (job: Job) => Promise<Digest | undefined>,
): Promise<never> {
  let last: Promise<void> = Promise.resolve()
  port.on('message', message => {
    last = last.then(() => answer(message as Asked))
  })
  const tell = (told: Told): void => port.postMessage(told)
  const answer = async ({ first, jobs }: Asked): Promise<void> => {
    const digests: (Digest | undefined)[] = []
    for (const job of jobs) digests.push(await look(job).catch(() => undefined))
    tell({ first, digests })
  }
  tell({ check })
  return new Promise(() => {})
}

/** @throws UsageError unless a thread has come to the check that it was made for */
export function assertSameCheck(own: string, theirs: string): void {
  if (own === theirs) return
  throw new UsageError(
    'the check that a worker has come to is another one, or its undisturbed executions differ: the first check of the ' +
      'exported function must have the same code, kinds, objects and options, and both must take time, chance and ids ' +
      'from ctx.env',
  )
}
