import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { RequestRefusal } from './request-refusal.js'

/**
 * The body of a request as text.
 *
 * @throws RequestRefusal 413 when there is more of it; the rest is not read
 */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  const tooLarge = (): RequestRefusal =>
    new RequestRefusal(413, `the body must have at most ${bytesMax} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge()
  return await new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = []
    let bytes = 0
    request.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= bytesMax) return void parts.push(part)
      request.pause()
      reject(tooLarge())
    })
    request.once('end', () => resolve(Buffer.concat(parts).toString('utf8')))
    request.once('error', reject)
    request.once('close', () => reject(new RequestRefusal(400, 'the body ended early')))
  })
}
