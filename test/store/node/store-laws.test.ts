import { describe, test } from 'vitest'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { describeStore } from '../../../src/testing/index.js'
import { FaultyDisk } from './faulty-disk.js'

describeStore(options => openStoreOn(new FaultyDisk(), options), {
  describe,
  test,
  name: 'a store with a journal',
})

describeStore(
  options => openStoreOn(new FaultyDisk(), { ...options, checkpointBytes: 1, segmentBytes: 4_096 }),
  {
    describe,
    test,
    name: 'a store with a checkpoint after each write',
  },
)
