// One member of a small database. It remembers each start in its own directory, which it finds by its hostname, so that
// what it says shows whose data it has. VERSION v2 is broken: it never listens.
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const { HOST, HOSTNAME = 'unknown', PORT, VERSION = 'v1' } = process.env
const directory = join(process.cwd(), HOSTNAME)
const file = join(directory, 'starts.txt')
mkdirSync(directory, { recursive: true })
appendFileSync(file, `${VERSION}\n`)

if (VERSION === 'v2') setInterval(() => {}, 1_000)
else
  createServer((_, response) => {
    response.end(JSON.stringify({ member: HOSTNAME, starts: readFileSync(file, 'utf8').trim().split('\n') }))
  }).listen(Number(PORT), HOST)
