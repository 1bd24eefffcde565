import { randomUUID } from 'node:crypto'
import type { SavedVersion } from '../../src/store/node/checkpoint.js'
import { writeFirstCheckpoint } from '../../src/store/node/checkpoint.js'
import { FORMAT_VERSION, writeIdentity } from '../../src/store/node/directory.js'
import { fileDisk } from '../../src/store/node/file-disk.js'
import { FrameCipher } from '../../src/store/node/frame-cipher.js'
import { makePod, podRef } from '../objects/pod.js'

/**
 * Makes a directory with a checkpoint of so many pods, in the order of their keys as a store writes them, without a store that would
 * take them in one by one first.
 */
export async function writeCheckpointOf(dir: string, size: number): Promise<void> {
  const disk = fileDisk(dir)
  const head = { version: FORMAT_VERSION, incarnation: 'bench', entry: 0, revision: size, timeMs: 0 }
  await writeFirstCheckpoint(disk, { head, versions: versionsOf(size), notes: [] }, new FrameCipher([], ''))
  await writeIdentity(disk, head.incarnation)
}

function* versionsOf(size: number): Iterable<SavedVersion> {
  const keys = Array.from({ length: size }, (_, index) => {
    const { namespace, name } = podRef(index)
    return { key: `${namespace}/${name}`, index }
  })
  keys.sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const { index } of keys) {
    const { metadata, ...rest } = makePod(index)
    const { labels = {}, annotations = {}, ...names } = metadata
    const revision = index + 1
    const stored = {
      ...names,
      uid: randomUUID(),
      resourceVersion: String(revision),
      generation: 1,
      creationTimestamp: new Date(Math.floor(1.7e12 + index / 10)).toISOString(),
      labels,
      annotations,
      ownerReferences: [],
      finalizers: [],
    }
    const object = { ...rest, metadata: stored } as unknown as SavedVersion['object']
    yield { object, specRevision: revision, statusRevision: revision, createRevision: revision, number: 1 }
  }
}
