import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, readFrame } from '../../../src/store/node/frame.js'
import { FrameReader } from '../../../src/store/node/frame-reader.js'

test('frames come out of windows as they come out of the whole file, wherever it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 8 }),
      fc.integer({ min: 32, max: 200 }),
      fc.nat(60),
      async (payloads, windowBytes, cut) => {
        const parts: Buffer[] = []
        let previous = 0
        for (const [first, payload] of payloads.entries()) {
          const frame = { kind: 3, sealed: false, first, synced: 0, payload: Buffer.from(payload) }
          const { bytes, checksum } = encodeFrame(frame, previous)
          parts.push(bytes)
          previous = checksum
        }
        const whole = Buffer.concat(parts)
        const file = whole.subarray(0, whole.length - cut)
        const expected: unknown[] = []
        for (let at = 0, checksum = 0; ; ) {
          const frame = readFrame(file, at, checksum)
          if (frame === undefined) break
          expected.push([at, frame.first, frame.payload.toString('hex')])
          at = frame.end
          checksum = frame.checksum
        }
        const read = (_name: string, from = 0, length = file.length): Promise<Buffer> =>
          Promise.resolve(Buffer.from(file.subarray(from, from + length)))
        const readInto = (_name: string, from: number, target: Buffer): Promise<Buffer> =>
          Promise.resolve(target.subarray(0, file.copy(target, 0, from)))
        const reader = new FrameReader({ read, readInto }, 'file', windowBytes)
        const found: unknown[] = []
        for (;;) {
          const { position } = reader
          const frame = await reader.next()
          if (frame === undefined) break
          found.push([position, frame.first, frame.payload.toString('hex')])
        }
        expect(found).toEqual(expected)
      },
    ),
  )
})
