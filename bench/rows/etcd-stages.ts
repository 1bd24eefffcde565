import type { Stage } from '../frame/profile.js'

/** Where the time of a write through etcd goes: what a store decides, what both do, what the calls take. */
export const ETCD_STAGES: readonly Stage[] = [
  { name: 'decision: recipe, schema, checks', frames: /store\/transaction\/perform\.ts/ },
  { name: 'decision: what is compared, a promise, a queue', frames: /committer\.ts #attempt$/ },
  { name: 'text of the object', frames: /key-space\.ts objectValue$|bare-updates\.ts nextText$/ },
  { name: 'keys, bytes of the text, operations', frames: /write-plan\.ts transaction$/ },
  { name: 'request as a message', frames: /etcd-messages\.ts \w+Request$/ },
  { name: 'answers and events as messages', frames: /etcd-messages\.ts \w+Response$/ },
  {
    name: 'what is told: into the replica, or parsed and frozen',
    frames: /etcd-source\.ts|bare-updates\.ts answered$/,
  },
  { name: 'result as it is committed', frames: /committer\.ts #done$/ },
  { name: 'call: HTTP/2 stream of a request', frames: /grpc-channel\.ts (unary|stream|#open)$/ },
  { name: 'call: HTTP/2, what arrives', frames: /node:internal\/(http2|stream_base_commons|streams)/ },
]
