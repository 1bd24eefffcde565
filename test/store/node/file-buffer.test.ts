import { expect, test } from 'vitest'
import { FileBuffer } from '../../../src/store/node/file-buffer.js'
import { diskOf } from './faulty-disk.js'

test('files are read whole, however long each is and whatever was read before it', async () => {
  const lengths = [0, 1, 65_535, 65_536, 65_537, 12, 600_000, 524_288, 3]
  const files = lengths.map((length, index) => [`file-${index}`, Buffer.alloc(length, index + 1)] as const)
  const buffer = new FileBuffer(diskOf(files))
  for (const [name, bytes] of files) expect(bytes.equals(await buffer.read(name))).toBe(true)
})
