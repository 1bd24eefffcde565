import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskLogLine, TaskLogOptions } from '../../../src/workloads/node/task-output.js'
import { TaskOutput } from '../../../src/workloads/node/task-output.js'

async function read(output: TaskOutput, options: TaskLogOptions = {}): Promise<readonly TaskLogLine[]> {
  const lines: TaskLogLine[] = []
  for await (const line of output.read(options)) lines.push(line)
  return lines
}

const texts = (lines: readonly TaskLogLine[]): readonly string[] => lines.map(({ text }) => text)
const ample = (): TaskOutput => new TaskOutput(10 ** 9, () => 7)

test('lines are what stands between line ends, however the bytes are cut', async () => {
  const text = fc.array(
    fc.string({ unit: 'binary', maxLength: 20 }).map(line => line.replaceAll(/[\r\n]/g, '')),
    {
      maxLength: 20,
    },
  )
  await fc.assert(
    fc.asyncProperty(text, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), async (lines, sizes) => {
      const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''))
      const output = ample()
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value ?? 1
        output.write('stdout', bytes.subarray(at, at + size))
        at += size
      }
      output.end()
      const wanted = Buffer.from(lines.join('\n')).toString('utf8')
      expect(texts(await read(output)).join('\n')).toBe(wanted)
    }),
  )
})

test('each line has its number, its stream and the time at which it was complete', async () => {
  const output = ample()
  output.write('stdout', Buffer.from('a\npart'))
  output.write('stderr', Buffer.from('b\r\n'))
  output.write('stdout', Buffer.from(' two\nrest'))
  output.end()
  output.end()
  expect(await read(output)).toEqual([
    { line: 1, stream: 'stdout', timeMs: 7, text: 'a' },
    { line: 2, stream: 'stderr', timeMs: 7, text: 'b' },
    { line: 3, stream: 'stdout', timeMs: 7, text: 'part two' },
    { line: 4, stream: 'stdout', timeMs: 7, text: 'rest' },
  ])
})

test.each([
  [0, []],
  [2, ['3', '4']],
  [9, ['1', '2', '3', '4']],
])('tail %s is the end of it', async (tail, wanted) => {
  const output = ample()
  output.write('stdout', Buffer.from('1\n2\n3\n4\n'))
  expect(texts(await read(output, { tail }))).toEqual(wanted)
})

test('what is kept is the end of what was written, and never more than the limit', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(sizes, async lengths => {
      const output = new TaskOutput(4_096, () => 0)
      const written = lengths.map((length, index) => `${index}`.padEnd(length, '.'))
      for (const line of written) output.write('stdout', Buffer.from(`${line}\n`))
      const kept = await read(output)
      const cost = (lines: readonly string[]): number =>
        lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 64, 0)
      expect(texts(kept)).toEqual(kept.length === 0 ? [] : written.slice(-kept.length))
      expect(kept.at(-1)?.line).toBe(kept.length === 0 ? undefined : written.length)
      expect(cost(texts(kept))).toBeLessThanOrEqual(4_096)
      // And no line is dropped that there was room for.
      if (kept.length < written.length) expect(cost(written.slice(-kept.length - 1))).toBeGreaterThan(4_096)
    }),
  )
})

test('a line without an end is kept in pieces', async () => {
  const output = ample()
  output.write('stdout', Buffer.from('x'.repeat(40_000)))
  output.end()
  expect((await read(output)).map(({ text }) => text.length)).toEqual([16_384, 16_384, 7_232])
})

describe('a follower', () => {
  test('is told what comes, and ends with the task', async () => {
    const output = ample()
    output.write('stdout', Buffer.from('a\n'))
    const reading = read(output, { follow: true })
    await Promise.resolve()
    output.write('stdout', Buffer.from('b\n'))
    await Promise.resolve()
    output.end()
    expect(texts(await reading)).toEqual(['a', 'b'])
  })

  test('who is slower than the task misses the middle, and sees it by the numbers', async () => {
    const output = new TaskOutput(1_024, () => 0)
    output.write('stdout', Buffer.from('a\n'))
    const reader = output.read({ follow: true })
    expect((await reader.next()).value).toMatchObject({ line: 1 })
    output.write('stdout', Buffer.from('b\n'.repeat(100)))
    expect((await reader.next()).value).toMatchObject({ line: 87 })
    await reader.return(undefined)
  })

  test('ends at its signal without an error, before, while and after it waits', async () => {
    const output = ample()
    expect(await read(output, { follow: true, signal: AbortSignal.abort() })).toEqual([])
    const abort = new AbortController()
    const reading = read(output, { follow: true, signal: abort.signal })
    await Promise.resolve()
    abort.abort()
    expect(await reading).toEqual([])
  })
})
