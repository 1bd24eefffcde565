// The application of the example: answers with its version on its first port, reports its health on the second.
import { createServer } from 'node:http'

const { HOST = '127.0.0.1', PORT0 = '8080', PORT1 = '9090', VERSION = 'v1' } = process.env
let leaving = false

const shop = createServer((_request, response) => {
  // A keep-alive client learns from this header that its next request needs a new connection.
  if (leaving) response.setHeader('connection', 'close')
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ version: VERSION, pid: process.pid }))
})
shop.keepAliveTimeout = 60_000
shop.listen(Number(PORT0), HOST)
const admin = createServer((request, response) => {
  response.writeHead(request.url === '/healthz' ? 200 : 404).end(`${VERSION}\n`)
})
admin.listen(Number(PORT1), HOST)

// Nobody new comes any more: it was taken from the endpoints, and HAProxy has said so. Who is connected may still ask.
process.on('SIGTERM', () => {
  leaving = true
  let quietChecks = 0
  setInterval(() => {
    shop.getConnections((_, open) => {
      quietChecks = open === 0 ? quietChecks + 1 : 0
      if (quietChecks === 10) process.exit(0)
    })
  }, 50)
})
