import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly result?: { readonly contents?: { readonly value?: string } } | null
}

const HEADER_END = '\r\n\r\n'

/** The compiler's language server, which editors ask for the text that they show over a name. */
export class LanguageServer {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #unread: Buffer = Buffer.alloc(0)

  constructor(program: string) {
    this.#process = spawn(program, ['--lsp', '--stdio'])
    this.#process.stdout.on('data', (data: Buffer) => this.#read(data))
  }

  /** Starts the one of the installed compiler, for the project in `root`. */
  static async start(root: string): Promise<LanguageServer> {
    const compiler = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
    const module = (await import(pathToFileURL(join(compiler, 'lib/getExePath.js')).href)) as {
      default: () => string
    }
    const server = new LanguageServer(module.default())
    const textDocument = { hover: { contentFormat: ['markdown'] } }
    const rootUri = pathToFileURL(root).href
    await server.#ask('initialize', { processId: null, rootUri, capabilities: { textDocument } })
    server.#send({ method: 'initialized', params: {} })
    return server
  }

  open(path: string, text: string): void {
    const uri = pathToFileURL(path).href
    const textDocument = { uri, languageId: 'typescript', version: 1, text }
    this.#send({ method: 'textDocument/didOpen', params: { textDocument } })
  }

  /** What is shown at this place: the signature, then the documentation. */
  async hover(
    path: string,
    position: { readonly line: number; readonly character: number },
  ): Promise<string> {
    const textDocument = { uri: pathToFileURL(path).href }
    const { result } = await this.#ask('textDocument/hover', { textDocument, position })
    return result?.contents?.value ?? ''
  }

  close(): void {
    this.#process.kill()
  }

  #ask(method: string, params: unknown): Promise<Answer> {
    const id = this.#waiting.size + 1
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#send({ id, method, params })
    })
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}${HEADER_END}${text}`)
  }

  #read(data: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, data])
    for (;;) {
      const end = this.#unread.indexOf(HEADER_END)
      if (end < 0) return
      const [, length] = /Content-Length: (\d+)/.exec(this.#unread.subarray(0, end).toString()) ?? []
      const start = end + HEADER_END.length
      const next = start + Number(length)
      if (this.#unread.length < next) return
      const message = JSON.parse(this.#unread.subarray(start, next).toString()) as Answer
      this.#unread = this.#unread.subarray(next)
      if (message.id === undefined) continue
      // It asks for settings, too; it gets its defaults.
      if (message.method === undefined) this.#waiting.get(message.id)?.(message)
      else
        this.#send({ id: message.id, result: message.method === 'workspace/configuration' ? [null] : null })
    }
  }
}
