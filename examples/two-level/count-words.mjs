// Counts the words of one block of text and writes the number to a file; the work of one batch task.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const { BLOCK, RESULT } = process.env
// A block of a real text takes a while.
await sleep(600)
const words = readFileSync(BLOCK, 'utf8')
  .split(/\s+/)
  .filter(word => word !== '').length
// A reader never sees half a number.
writeFileSync(`${RESULT}.part`, String(words))
renameSync(`${RESULT}.part`, RESULT)
