import { connect } from 'node:net'
import type { Env } from '../../../core/index.js'
import { KeelsonError } from '../../../core/index.js'

/** HAProxy did not answer: it is gone, or not yet there. What was asked may have been done. */
export class HaproxyUnavailableError extends KeelsonError<'Unavailable'> {
  constructor(what: string, reason: string, cause?: unknown) {
    super({
      code: 'Unavailable',
      message: `${what}: ${reason}`,
      details: { subject: 'haproxy', reason },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/** Longest answer that is read. */
const ANSWER_BYTES_MAX = 16 * 2 ** 20

/**
 * Sends one command to an admin or master socket and gives the answer without the blank lines behind it.
 *
 * @throws KeelsonError `Unavailable` when there is no answer within `timeoutMs`
 */
export function askHaproxy(
  path: string,
  command: string,
  { env, timeoutMs = 2000 }: { readonly env: Env; readonly timeoutMs?: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    let text = ''
    const fail = (reason: string, cause?: unknown): void => {
      cancel()
      socket.destroy()
      reject(new HaproxyUnavailableError(`haproxy was asked "${command}"`, reason, cause))
    }
    const cancel = env.clock.after(timeoutMs, () => fail(`no answer in ${timeoutMs} ms`))
    socket.setEncoding('utf8')
    // Without an end the master socket would wait for further commands.
    socket.on('connect', () => socket.end(`${command}\n`))
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > ANSWER_BYTES_MAX) fail(`answered more than ${ANSWER_BYTES_MAX} bytes`)
    })
    socket.on('error', error => fail(error.message, error))
    socket.on('end', () => {
      cancel()
      socket.destroy()
      resolve(text.trim())
    })
  })
}
