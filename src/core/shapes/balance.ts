/** How the next endpoint is chosen. The last three hash the client, so that it comes back to the same one. */
export type BalancePolicy =
  | 'round-robin'
  | 'least-connections'
  | 'random'
  | 'power-of-two'
  | 'peak-ewma'
  | 'ring-hash'
  | 'maglev'
  | 'rendezvous'
