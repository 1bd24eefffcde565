#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { progressBar } from './program-output.js'
import { runStoreProgram } from './store-program.js'

const { stderr, stdout } = process
// `keelson-store dump DIR | head` has what it wants.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
/** What ends by itself is ended by the system, at once; what follows a store is asked to end. */
const interrupted = (): AbortSignal => {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}

let shown = ''
/** A bar is for people, and never among lines that a program reads. */
const progress = (done: number, total: number): void => {
  const bar = progressBar(done, total)
  if (bar === shown) return
  shown = bar
  stderr.write(done < total ? `\r${bar}` : `\r${' '.repeat(bar.length)}\r`)
}
/** Built, this module is as deep in the package as its source is. */
const version = (): string => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return manifest.version
}
const out = {
  line: (text: string): void => void stdout.write(`${text}\n`),
  note: (text: string): void => void stderr.write(`${text}\n`),
  version,
  signal: interrupted,
  ...(stderr.isTTY ? { progress } : {}),
}
runStoreProgram(process.argv.slice(2), out).then(
  code => {
    process.exitCode = code
  },
  (error: unknown) => {
    stderr.write(`${String(error)}\n`)
    process.exitCode = 1
  },
)
