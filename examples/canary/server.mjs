// The application of the example: answers with its version. v3 has a fault: it answers 500 to one request in five.
import { createServer } from 'node:http'

const { HOST = '127.0.0.1', PORT = '8080', VERSION = 'v1' } = process.env
let requests = 0

const server = createServer((request, response) => {
  response.setHeader('connection', 'close')
  if (request.url === '/healthz') return void response.writeHead(200).end()
  requests += 1
  const isFaulty = VERSION === 'v3' && requests % 5 === 0
  response.writeHead(isFaulty ? 500 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ version: VERSION }))
})
server.listen(Number(PORT), HOST)

// Whoever started it sees to its end, unless that was killed itself.
const { ppid } = process
setInterval(() => {
  if (process.ppid !== ppid) process.exit(1)
}, 200).unref()

// It was taken from the endpoints before it was told to stop: what is still connected is answered.
process.on('SIGTERM', () => {
  let quietChecks = 0
  setInterval(() => {
    server.getConnections((_, open) => {
      quietChecks = open === 0 ? quietChecks + 1 : 0
      if (quietChecks === 4) process.exit(0)
    })
  }, 50)
})
