import { systemEnv } from 'keelson/core'
import { EtcdConnection } from '../../../src/store/etcd/etcd-connection.js'
import type {
  EtcdCompare,
  EtcdOperation,
  TxnResponse,
  WatchResponse,
} from '../../../src/store/etcd/etcd-messages.js'

/** The two calls of an etcd that a writer of objects needs. */
export interface BareClient {
  txn(compares: readonly EtcdCompare[], operations: readonly EtcdOperation[]): Promise<TxnResponse>
  /** Tells what happens in the range from that revision on; resolves once etcd has said that it does. */
  watch(
    range: { readonly key: string; readonly end: string; readonly startRevision: number },
    answered: (response: WatchResponse) => void,
  ): Promise<void>
  close(): void
}

/** The calls as the store makes them. */
export function openOwnCalls(endpoint: string): BareClient {
  const connection = new EtcdConnection(systemEnv, { endpoints: [endpoint] })
  return {
    txn: (compares, operations) => connection.txn(compares, operations),
    watch: ({ key, ...range }, answered) =>
      new Promise((resolve, reject) => {
        connection.watch(key, range, {
          ended: reject,
          answered: response => {
            if (response.created) resolve()
            answered(response)
          },
        })
      }),
    close: () => connection.close(),
  }
}
