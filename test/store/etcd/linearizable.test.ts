import { afterAll, beforeAll, describe, test } from 'vitest'
import { canRunEtcd, EtcdServer } from './etcd-server.js'
import { expectSound } from './expect-sound.js'
import { faultyHistory } from './faulty-history.js'

describe.runIf(canRunEtcd)('a store in etcd, with wires that are cut and an etcd that is killed', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  afterAll(() => server.close())

  test.each([1, 2])('history %i', async seed => expectSound(await faultyHistory(server, seed)))
})
