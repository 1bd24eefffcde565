#!/usr/bin/env node
import { progressBar } from './program-output.js'
import { runStoreProgram } from './store-program.js'

const { stderr, stdout } = process
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

let shown = ''
/** A bar is for people, and never among lines that a program reads. */
const progress = (done: number, total: number): void => {
  const bar = progressBar(done, total)
  if (bar === shown) return
  shown = bar
  stderr.write(done < total ? `\r${bar}` : `\r${' '.repeat(bar.length)}\r`)
}
const out = {
  line: (text: string): void => void stdout.write(`${text}\n`),
  note: (text: string): void => void stderr.write(`${text}\n`),
  signal: interrupted.signal,
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
