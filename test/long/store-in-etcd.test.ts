import { afterAll, beforeAll, describe, test } from 'vitest'
import { canRunEtcd, EtcdServer } from '../store/etcd/etcd-server.js'
import { expectSound } from '../store/etcd/expect-sound.js'
import { faultsProperty } from '../store/etcd/faults-property.js'
import { faultyHistory } from '../store/etcd/faulty-history.js'

const HISTORIES = 60

describe.runIf(canRunEtcd)('a store in etcd, with wires that are cut and an etcd that is killed', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  afterAll(() => server.close())

  test.each(Array.from({ length: HISTORIES }, (_, index) => 100 + index))('history %i', async seed =>
    expectSound(await faultyHistory(server, seed)),
  )
})

test('an etcd in memory that loses calls, cuts its watches and compacts', () => faultsProperty(5_000))
