import { Buffer } from 'node:buffer'
import type { SchedulerEvent } from '../../../src/offers/node/scheduler-event.js'

/** A record as a test looks at it. */
// oxlint-disable-next-line typescript/no-explicit-any
type Parsed = SchedulerEvent & Readonly<Record<string, any>>

/** Takes RecordIO apart, whatever pieces it comes in. */
export async function* recordsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Parsed> {
  let rest = Buffer.alloc(0)
  for await (const part of body) {
    rest = Buffer.concat([rest, part])
    for (;;) {
      const at = rest.indexOf('\n')
      if (at < 0) break
      const end = at + 1 + Number(rest.subarray(0, at).toString())
      if (rest.length < end) break
      yield JSON.parse(rest.subarray(at + 1, end).toString()) as Parsed
      rest = rest.subarray(end)
    }
  }
}

/** A scheduler that speaks the API of Mesos and knows nothing of ours. */
export class SchedulerClient {
  readonly url: string
  framework = ''
  streamId = ''
  #records: AsyncGenerator<Parsed> | undefined
  #passed: Parsed[] = []
  #abort = new AbortController()

  constructor(url: string) {
    this.url = url
  }

  async post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  /** Subscribes, and reads as far as SUBSCRIBED. */
  async subscribe(info: Readonly<Record<string, unknown>>): Promise<void> {
    const id = info['id'] === undefined ? {} : { framework_id: info['id'] }
    this.#abort = new AbortController()
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'SUBSCRIBE', ...id, subscribe: { framework_info: info } }),
      signal: this.#abort.signal,
    })
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    this.streamId = response.headers.get('mesos-stream-id') ?? ''
    this.#passed = []
    this.#records = recordsOf(response.body as unknown as AsyncIterable<Uint8Array>)
    const { subscribed } = await this.next('SUBSCRIBED')
    this.framework = subscribed.framework_id.value
  }

  /** The next event of a type; others before it wait until they are asked for. */
  async next(type: string): Promise<Parsed> {
    const at = this.#passed.findIndex(event => event.type === type)
    if (at >= 0) return this.#passed.splice(at, 1)[0]!
    for (;;) {
      const { value, done } = await this.#records!.next()
      if (done === true) throw new Error(`the stream ended before ${type}`)
      if (value.type === type) return value
      this.#passed.push(value)
    }
  }

  /** All events until the stream ends. */
  async rest(): Promise<readonly Parsed[]> {
    const events: Parsed[] = []
    for await (const event of this.#records!) events.push(event)
    return events
  }

  async call(
    type: string,
    fields: unknown = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const response = await this.post(
      { type, framework_id: { value: this.framework }, [type.toLowerCase()]: fields },
      { 'mesos-stream-id': this.streamId },
    )
    return { status: response.status, text: await response.text() }
  }

  /** Goes without a word. */
  vanish(): void {
    this.#abort.abort()
  }
}
