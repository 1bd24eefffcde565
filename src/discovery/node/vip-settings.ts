import type { Socket } from 'node:net'
import type { Env } from '../../core/index.js'
import type { BalancePolicy } from '../balance/balance-policy.js'

/** Settings that all services of a proxy share. */
export interface VipSettings {
  readonly env: Env
  readonly bind: (address: string, port: number) => { readonly host: string; readonly port: number }
  readonly policy: BalancePolicy
  readonly drainMs: number
  readonly connectTimeoutMs: number
  readonly maxAttempts: number
  /** Asks for room for one more connection; false when the proxy is full. */
  readonly admit: (client: Socket) => boolean
}
