import {
  txnRequest,
  txnResponse,
  watchRequest,
  watchResponse,
} from '../../../src/store/etcd/etcd-messages.js'
import type { BareClient } from './bare-client.js'

/** What of `@grpc/grpc-js` is called. */
interface GrpcJs {
  readonly credentials: { createInsecure(): object }
  readonly Client: new (endpoint: string, credentials: object) => GrpcJsClient
}

interface GrpcJsClient {
  makeUnaryRequest<Request, Response>(
    path: string,
    write: (request: Request) => Buffer,
    read: (bytes: Buffer) => Response,
    request: Request,
    options: { readonly deadline: number },
    done: (error: Error | null, response: Response) => void,
  ): void
  makeBidiStreamRequest<Request, Response>(
    path: string,
    write: (request: Request) => Buffer,
    read: (bytes: Buffer) => Response,
  ): {
    on(event: 'data', told: (response: Response) => void): void
    on(event: 'error', failed: (error: Error) => void): void
    write(request: Request): void
    cancel(): void
  }
  close(): void
}

const PACKAGE: string = '@grpc/grpc-js'
const TIMEOUT_MS = 5_000

/** The same messages, over the client library of gRPC; each call has its deadline, as those of the store have. */
export async function openGrpcJs(endpoint: string): Promise<BareClient> {
  const { Client, credentials } = ((await import(PACKAGE)) as { readonly default: GrpcJs }).default
  const client = new Client(endpoint, credentials.createInsecure())
  return {
    txn: (compares, operations) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          '/etcdserverpb.KV/Txn',
          (bytes: Uint8Array) => bytes as Buffer,
          txnResponse,
          txnRequest(compares, operations),
          { deadline: Date.now() + TIMEOUT_MS },
          (error, response) => (error === null ? resolve(response) : reject(error)),
        )
      }),
    watch: ({ key, end, startRevision }, answered) =>
      new Promise((resolve, reject) => {
        const call = client.makeBidiStreamRequest(
          '/etcdserverpb.Watch/Watch',
          (bytes: Uint8Array) => bytes as Buffer,
          watchResponse,
        )
        call.on('error', reject)
        call.on('data', response => {
          if (response.created) resolve()
          answered(response)
        })
        call.write(watchRequest(key, end, startRevision))
      }),
    close: () => client.close(),
  }
}
