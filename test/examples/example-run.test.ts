import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { ExampleRun } from './example-run.js'
import { exampleRuns, runExample, verdict } from './example-run.js'

const root = resolve(import.meta.dirname, '../..')

describe('the runner of examples', () => {
  const planted = mkdtempSync(join(tmpdir(), 'keelson-examples-'))
  afterAll(() => rmSync(planted, { recursive: true, force: true }))
  symlinkSync(join(root, 'node_modules'), join(planted, 'node_modules'))
  const plant = (path: string, text: string): void => {
    mkdirSync(dirname(join(planted, 'examples', path)), { recursive: true })
    writeFileSync(join(planted, 'examples', path), text)
  }
  const run = (example: string, args: string[] = []): ExampleRun => ({
    example,
    args,
    quick: true,
    timeoutMs: 10_000,
  })

  test.each([
    ['ends with ok', "console.log('a')\nconsole.error('note')\nconsole.log('ok')", 'ok'],
    ['throws', "throw new Error('broken')", 'exit 1'],
    ['exits with 3', "console.log('ok')\nprocess.exitCode = 3", 'exit 3'],
    ['ends otherwise', "console.log('okay')", 'last line is not ok'],
  ])('judges one that %s', async (_, text, expected) => {
    plant('judged/main.ts', text)
    const said = verdict(await runExample(planted, run('judged')))
    expect(said.split('\n')[0]).toBe(expected)
  })

  test('ends one that hangs, with what it started', async () => {
    plant('hangs/main.ts', "console.log('waiting')\nsetInterval(() => {}, 1000)\n")
    expect(verdict(await runExample(planted, { ...run('hangs'), timeoutMs: 1500 }))).toContain('timed out')
  })

  test('hands over the arguments', async () => {
    plant('echo/main.ts', 'console.log(process.argv.slice(2).join())\nconsole.log("ok")')
    expect((await runExample(planted, run('echo', ['a', 'b']))).output).toContain('a,b')
  })

  test('reads example.json, and knows folders of shared code', () => {
    const examples = join(planted, 'declared/examples')
    mkdirSync(join(examples, 'shared'), { recursive: true })
    mkdirSync(join(examples, 'twice'), { recursive: true })
    mkdirSync(join(examples, 'plain'), { recursive: true })
    writeFileSync(join(examples, 'shared/part.ts'), '')
    writeFileSync(join(examples, 'plain/main.ts'), '')
    writeFileSync(join(examples, 'twice/main.ts'), '')
    writeFileSync(join(examples, 'twice/example.json'), '{"runs":[[],["x"]],"timeoutMs":5,"quick":true}')
    expect(exampleRuns(examples)).toEqual([
      { example: 'plain', args: [], quick: false, timeoutMs: 120_000 },
      { example: 'twice', args: [], quick: true, timeoutMs: 5 },
      { example: 'twice', args: ['x'], quick: true, timeoutMs: 5 },
    ])
    writeFileSync(join(examples, 'twice/example.json'), '{"fast":true}')
    expect(() => exampleRuns(examples)).toThrow('unknown fast')
  })
})
