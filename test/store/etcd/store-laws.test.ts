import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import { describeStore } from '../../../src/testing/index.js'
import { canRunEtcd, EtcdServer } from './etcd-server.js'

const env = createEnv({ process: 'laws', logger: silentLogger })

describe.runIf(canRunEtcd)('etcd', () => {
  let server: EtcdServer
  let stores = 0
  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  afterAll(() => server.close())

  describeStore(
    options => {
      const prefix = `/laws/${stores++}`
      return connectStore({ ...options, env, etcd: { endpoints: [server.endpoint], prefix } })
    },
    {
      describe,
      // Laws of lifetimes wait, in real time.
      test: (name, body) => test.concurrent(name, body),
      name: 'a store in etcd',
      lifeMs: 3_000,
      patienceMs: 20_000,
      passTime: ms => sleep(ms),
    },
  )
})
