import fastq from 'fastq'
import type { OpenPeer } from './peer.js'

/** fastq with a synchronous worker and callbacks, its fastest form: each job runs as it is pushed. */
export const open: OpenPeer = () => ({
  runAll: (count, task) => {
    const work = (_job: number, done: (error: null) => void): void => {
      task()
      done(null)
    }
    const queue = fastq<unknown, number>(work, 10)
    for (let job = 0; job < count; job++) queue.push(job)
    return Promise.resolve()
  },
})
