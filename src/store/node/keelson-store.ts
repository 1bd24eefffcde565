#!/usr/bin/env node
import { runStoreProgram } from './store-program.js'

const out = {
  line: (text: string): void => void process.stdout.write(`${text}\n`),
  note: (text: string): void => void process.stderr.write(`${text}\n`),
}
runStoreProgram(process.argv.slice(2), out).then(
  code => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    process.exitCode = 1
  },
)
