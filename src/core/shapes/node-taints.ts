/** The key of the taint that stands for a node whose heartbeat has lapsed. */
export const UNREACHABLE_TAINT = 'keelson.dev/unreachable'

/** The key of the taint that stands for a node that says that it is not ready, or has said nothing yet. */
export const NOT_READY_TAINT = 'keelson.dev/not-ready'

/** The key of the taint by which people say that nothing runs on a silent node any more. */
export const OUT_OF_SERVICE_TAINT = 'keelson.dev/out-of-service'
