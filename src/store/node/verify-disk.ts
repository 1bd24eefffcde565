import { deepEqual } from '../../core/internal.js'
import type { StoreProblem } from '../admin/verify-indexes.js'
import type { StoreParts } from '../client/store-parts.js'
import { describeObject, idOf } from '../object/object.js'
import { listObjects } from '../read/list.js'
import { EVERYTHING } from '../read/query.js'
import type { Disk } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import { readStore } from './read-only-store.js'

/** Compares what is on the disk with what is in memory, at a revision that both have. */
export async function verifyDisk(
  disk: Disk,
  { engine }: StoreParts,
  { cipher, settled }: { readonly cipher: FrameCipher; readonly settled: () => Promise<void> },
): Promise<readonly StoreProblem[]> {
  const { revision } = engine
  engine.history.pinLasting(revision)
  try {
    await settled()
    const { parts } = await readStore(disk, cipher)
    if (parts.engine.revision < revision)
      return [{ text: `the disk ends at revision ${parts.engine.revision}, and ${revision} is durable` }]
    return engine.tables.all.flatMap(table => {
      const { apiVersion, kind } = table.kind
      const read = parts.engine.tables.named(apiVersion, kind)
      const expected = listObjects(table, EVERYTHING, { revision })
      const found = new Map(
        (read === undefined ? [] : listObjects(read, EVERYTHING, { revision })).map(object => [
          object.metadata.uid,
          object,
        ]),
      )
      const problems: StoreProblem[] = []
      for (const object of expected) {
        const other = found.get(object.metadata.uid)
        found.delete(object.metadata.uid)
        if (deepEqual(object, other)) continue
        const id = idOf(object)
        problems.push({ object: id, text: `${describeObject(id)} is another one on the disk` })
      }
      for (const object of found.values())
        problems.push({ object: idOf(object), text: `${describeObject(idOf(object))} is on the disk only` })
      return problems
    })
  } finally {
    if (engine.history.releaseLasting(revision)) engine.compactor.cutFree()
  }
}
