import { expect, test } from 'vitest'
import { etcdError, GrpcFailure } from '../../../src/store/etcd/etcd-errors.js'

// What etcd and gRPC say, and what a caller of the store is told: what, where, and what to do about it.

const WHERE = ['10.0.0.1:2379', '10.0.0.2:2379']

test.each([
  [8, 'etcdserver: mvcc: database space exceeded', 'StorageFailed', /is full.*etcdctl alarm disarm/s],
  [7, 'etcdserver: permission denied', 'Forbidden', /permission denied.*etcd\.user and etcd\.password/s],
  [3, 'etcdserver: user name is empty', 'Forbidden', /user name is empty.*whose role may read and write/s],
  [3, 'etcdserver: authentication failed, invalid user ID or password', 'Forbidden', /invalid user ID/],
  [16, 'etcdserver: invalid auth token', 'Forbidden', /invalid auth token/],
  [3, 'etcdserver: request is too large', 'TooLarge', /raise its --max-request-bytes/],
  [8, 'trying to send message larger than max (2097200 vs. 2097152)', 'TooLarge', /write less at once/],
  [3, 'etcdserver: too many operations in txn request', 'TooLarge', /raise its --max-txn-ops/],
  [12, 'unknown service etcdserverpb.KV', 'Unsupported', /does not speak the protocol of etcd 3/],
  [14, 'etcdserver: no leader', 'Unavailable', /no leader.*most of its members are there/s],
  [14, 'etcdserver: request timed out', 'Unavailable', /may have happened/],
  [8, 'etcdserver: too many requests', 'Unavailable', /too many requests/],
  [4, 'context deadline exceeded', 'Unavailable', /Check that it runs/],
  [-1, '10.0.0.1:2379: connect ECONNREFUSED', 'Unavailable', /ECONNREFUSED/],
  [2, 'something that nobody has seen before', 'Unavailable', /nobody has seen before/],
])('status %i, "%s": %s', (status, said, code, remedy) => {
  const cause = new GrpcFailure(status, said, { isSent: true })
  const error = etcdError(cause, WHERE)
  expect(error).toMatchObject({ code, cause, message: expect.stringMatching(remedy) })
  expect(error.message).toContain(said)
  expect(error.message).toContain(WHERE.join(', '))
})

test.each([
  [true, /what was asked for may have happened/],
  [false, /nothing was changed/],
])('a call that was not answered, sent: %s', (isSent, message) => {
  const error = etcdError(new GrpcFailure(-1, 'it is silent', { isSent }), WHERE)
  expect(error).toMatchObject({
    details: { sent: isSent, endpoints: WHERE },
    message: expect.stringMatching(message),
  })
})
