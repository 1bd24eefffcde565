import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import type { Cancel, Env } from 'keelson/core'

/** What became of one request. */
interface Answer {
  readonly version: string
  readonly status: number
}

/** A steady stream of requests, each on a connection of its own, that remembers which version answered what. */
export interface VersionLoad {
  begin(): void
  /** Requests that no server has answered. */
  readonly lost: readonly string[]
  /** Answers of a version so far, and how many of them were errors. */
  answersOf(version: string): { readonly count: number; readonly errors: number }
  /** The largest share that the version had of any so many answers in a row, from its first to its last. */
  largestShare(version: string, inARow: number): number
  stop(): Promise<void>
}

/** Longer than a busy machine may hold up the whole process, whose clients would time out before they look for answers. */
const REQUEST_TIMEOUT_MS = 15_000

/** Sends so many requests per second to where `target` says. */
export function createVersionLoad(
  env: Env,
  requestsPerSecond: number,
  target: () => { readonly host: string; readonly port: number },
): VersionLoad {
  const answers: Answer[] = []
  const lost: string[] = []
  const inFlight = new Set<Promise<void>>()
  let sent = 0
  let cancel: Cancel = () => {}

  const send = async (): Promise<void> => {
    try {
      answers.push(await ask(target()))
    } catch (error) {
      lost.push(String(error))
    }
  }
  const tick = (startedAt: number): void => {
    const due = ((env.clock.monotonic() - startedAt) / 1000) * requestsPerSecond
    for (; sent < due; sent += 1) {
      const one = send()
      inFlight.add(one)
      void one.finally(() => inFlight.delete(one))
    }
    cancel = env.clock.after(5, () => tick(startedAt))
  }
  return {
    lost,
    begin: () => tick(env.clock.monotonic()),
    answersOf(version) {
      const own = answers.filter(answer => answer.version === version)
      return { count: own.length, errors: own.filter(({ status }) => status >= 500).length }
    },
    largestShare(version, inARow) {
      const isIts = answers.map(answer => (answer.version === version ? 1 : 0))
      let inside = 0
      let largest = 0
      for (const [index, one] of isIts.entries()) {
        inside += one - (isIts[index - inARow] ?? 0)
        if (index >= inARow - 1) largest = Math.max(largest, inside / inARow)
      }
      return largest
    },
    async stop() {
      cancel()
      await Promise.all(inFlight)
    },
  }
}

function ask(target: { readonly host: string; readonly port: number }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, path: '/', agent: false, timeout: REQUEST_TIMEOUT_MS })
    outgoing.once('timeout', () => outgoing.destroy(new Error('timed out')))
    outgoing.once('error', reject)
    outgoing.once('response', response => void answerOf(response).then(resolve, reject))
    outgoing.end()
  })
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  const { version } = JSON.parse(body) as { readonly version: string }
  return { version, status: response.statusCode ?? 0 }
}
