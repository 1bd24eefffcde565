import PQueue from 'p-queue'
import type { OpenPeer } from './peer.js'

/** p-queue with three priorities, as ours. */
export const open: OpenPeer = () => ({
  runAll: async (count, task) => {
    const queue = new PQueue({ concurrency: 1, autoStart: false })
    const run = async (): Promise<void> => task()
    for (let job = 0; job < count; job++) void queue.add(run, { priority: job % 3 })
    queue.start()
    await queue.onIdle()
  },
})
