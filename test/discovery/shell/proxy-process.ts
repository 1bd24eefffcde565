// A process of its own: a proxy over a registry that is fed from an etcd, which reports what it has acknowledged.
// Arguments: the etcd's endpoint, the port to listen on.
import { EndpointSlice, Service, TrafficConsumer } from '../../../src/api/index.js'
import { createRegistry, createRegistryFeed, createTrafficReporter } from '../../../src/discovery/index.js'
import { serveVips } from '../../../src/discovery/node/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'

const [endpoint = '', port = '0'] = process.argv.slice(2)
const store = await connectStore({
  kinds: [Service, EndpointSlice, TrafficConsumer],
  etcd: { endpoints: [endpoint] },
})
const registry = createRegistry()
const manager = createManager({ client: store })
manager.add(createTrafficReporter(registry, { name: 'proxy', intervalMs: 20, heartbeatMs: 200 }))
manager.add(createRegistryFeed(registry, { progressMs: 200 }))
const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: Number(port) }) })
await manager.start()
await proxy.listening()
process.stdout.write('listening\n')
