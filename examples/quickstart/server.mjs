// The application of the demo: answers with its version, reports its health, and leaves politely.
import { createServer } from 'node:http'

const { HOST = '127.0.0.1', PORT = '8080', VERSION = 'v1', BROKEN } = process.env
let leaving = false

const server = createServer((request, response) => {
  // A keep-alive client learns from this header that its next request needs a new connection.
  if (leaving) response.setHeader('connection', 'close')
  if (request.url === '/healthz') {
    response.writeHead(BROKEN === undefined ? 200 : 503).end()
    return
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ version: VERSION, pid: process.pid }))
})
server.keepAliveTimeout = 60_000
server.listen(Number(PORT), HOST)

// Whoever started it sees to its end, unless that was killed itself.
const { ppid } = process
setInterval(() => {
  if (process.ppid !== ppid) process.exit(1)
}, 200).unref()

// Idle connections may carry a request at any moment, so they are not cut: each ends with its next answer. Clients
// that chose this server just before it was taken from the endpoints still come: it leaves after half a quiet second.
process.on('SIGTERM', () => {
  leaving = true
  let quietChecks = 0
  setInterval(() => {
    server.getConnections((_, open) => {
      quietChecks = open === 0 ? quietChecks + 1 : 0
      if (quietChecks === 10) process.exit(0)
    })
  }, 50)
})
