import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { MakeParts } from '../../../src/testing/index.js'
import { CheckFailedError, check, simulate } from '../../../src/testing/index.js'
import { apps, oneApp, Pod, podOf, podsOf } from '../fixtures/apps.js'
import type { BadReconciler } from '../fixtures/bad-reconcilers.js'
import { BAD_RECONCILERS } from '../fixtures/bad-reconcilers.js'
import type { BundledModule } from '../fixtures/bundled.js'
import { bundled } from '../fixtures/bundled.js'

const options = { ...oneApp, executions: 10 }

/** A sound one, which first does what it is told. */
const soundly = (first: () => unknown = () => {}): MakeParts =>
  apps(async (_key, owner, { client }) => {
    await first()
    if (owner === undefined || podsOf(owner, client.list(Pod).items).length > 0) return
    await client.create(Pod, podOf(owner, `${owner.metadata.name}-${owner.metadata.uid}`))
  })

const failureOf = async (make: MakeParts, more: object = {}): Promise<Error> => {
  const failure: unknown = await check(make, { ...options, ...more }).catch((error: unknown) => error)
  if (failure instanceof Error) return failure
  throw new Error('the check found nothing')
}

const fixture = readFileSync(new URL('../fixtures/bad-reconcilers.ts', import.meta.url), 'utf8').split('\n')

/** What a message must contain, with the line of the mark in the place of HERE. */
function expected(name: string, { says }: BadReconciler): string {
  const line = fixture.findIndex(text => text.endsWith(`// here: ${name}`)) + 1
  return says.replace('HERE', `bad-reconcilers.ts:${line}:`)
}

/** Columns are left to whoever compiled the file. */
const withoutColumns = (message: string): string => message.replace(/(\.ts:\d+:)\d+/g, '$1')

const matches = (message: string, text: string): boolean =>
  withoutColumns(message).replaceAll('\n', ' ').includes(text)

describe('a check names the cause and the line of', () => {
  test.each(Object.entries(BAD_RECONCILERS))('%s', async (name, bad) => {
    const failure = await failureOf(apps(bad.reconcile))
    expect(
      failure instanceof CheckFailedError ? failure.invariant : (failure as { code?: string }).code,
    ).toBe(bad.breaks)
    expect(matches(failure.message, expected(name, bad)), failure.message).toBe(true)
  })

  test('what is done on a rare path only, in an execution that was made simple', async () => {
    const touched = apps((_key, owner) =>
      owner?.metadata.annotations['testing.keelson/touched'] === undefined
        ? undefined
        : new Promise(() => {}),
    )
    const failure = (await failureOf(touched, { executions: 60 })) as CheckFailedError
    expect(failure.message).toMatch(
      /reconcile apps web waits for a promise .*made at guard\.test\.ts:\d+:\d+/,
    )
    expect(failure.simulation.trace.filter(({ isFault }) => isFault)).toMatchObject([{ kind: 'touch' }])
  })

  test.each(['a timer', 'a promise of nobody'])('%s, in one simulated execution too', async name => {
    const bad = BAD_RECONCILERS[name] as BadReconciler
    const { violation } = await simulate(apps(bad.reconcile), options)
    expect(violation?.invariant).toBe('noStrayWork')
    expect(matches(violation?.message ?? '', expected(name, bad))).toBe(true)
  })
})

const endless = fileURLToPath(new URL('../fixtures/endless-reconciler.ts', import.meta.url))
const endlessLines = readFileSync(endless, 'utf8').split('\n')

const busy = fileURLToPath(new URL('../fixtures/busy-after-refusal.ts', import.meta.url))

interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a process of its own, in which places are those of its source. */
function run({ url }: BundledModule, ...args: readonly string[]): Promise<Ended> {
  return new Promise(resolve => {
    let [stdout, stderr] = ['', '']
    const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(url), ...args])
    child.stdout.on('data', bytes => void (stdout += String(bytes)))
    child.stderr.on('data', bytes => void (stderr += String(bytes)))
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}

describe('a step that does not end', () => {
  let programs: readonly [endless: BundledModule, busy: BundledModule]
  beforeAll(async () => {
    programs = await Promise.all([bundled([endless]), bundled([busy])])
  })
  afterAll(async () => {
    await Promise.all(programs.map(program => program.remove()))
  })

  test.concurrent.each([
    ['a loop of promises', 'app-1 reconcile apps web'],
    ['a loop', 'app-1 reconcile apps web'],
    ['a loop after a write', 'app-1 create Pod web-uid-000002'],
  ])('because of %s ends the process, which says where it was', async (name, step) => {
    const { status, signal, stderr } = await run(programs[0], name)
    expect([status, signal]).toEqual([null, 'SIGKILL'])
    const line = endlessLines.findIndex(text => text.endsWith(`// here: ${name}`)) + 1
    expect(stderr).toContain(
      `did not end within 500 ms, computing or asleep, so the process ends here: ${step}; it was at`,
    )
    expect(stderr).toMatch(new RegExp(`it was at .*endless-reconciler\\.ts:${line}:\\d+`))
  })

  test.concurrent.each(['a lock that nobody opens', 'a program that does not end'])(
    'because of %s ends the process',
    async name => {
      const { signal, stderr } = await run(programs[0], name)
      expect(signal).toBe('SIGKILL')
      expect(stderr).toContain('it waits in a call that does not return')
    },
  )

  test.concurrent('is not what a program does after a check that was refused', async () => {
    const { status, stdout } = await run(programs[1])
    expect([status, stdout]).toEqual([0, 'Usage\nalive\n'])
  })

  test('is not one that takes long', async () => {
    let slow = 1
    const busy = (): void => {
      if (slow-- <= 0) return
      const startMs = Date.now()
      while (Date.now() - startMs < 300);
    }
    expect((await check(soundly(busy), { ...options, stepTimeoutMs: 5_000 })).executions).toBe(13)
  })

  test.each([-1, 0, 0.5, Number.NaN])('after %d ms is refused', async stepTimeoutMs => {
    await expect(check(soundly(), { ...options, stepTimeoutMs })).rejects.toMatchObject({ code: 'Invalid' })
  })
})

describe('nobody is blamed for', () => {
  test('what others do at the same time', async () => {
    const ticking = setInterval(() => setImmediate(() => {}), 1)
    const stray = BAD_RECONCILERS['a timer'] as BadReconciler
    const results = await Promise.all([
      check(soundly(), options),
      failureOf(apps(stray.reconcile)),
      check(soundly(), options),
      new Promise(resolve => setTimeout(resolve, 5)),
    ])
    clearInterval(ticking)
    expect(results.map(result => (result instanceof CheckFailedError ? result.invariant : 'sound'))).toEqual([
      'sound',
      'noStrayWork',
      'sound',
      'sound',
    ])
  })

  test.each<[string, () => unknown]>([
    ['promise jobs', () => new Promise<void>(resolve => queueMicrotask(resolve))],
    ['ticks', () => new Promise<void>(resolve => process.nextTick(resolve))],
    ['copies', () => structuredClone({ a: [1] })],
    ['the clock, as long as it repeats', () => Date.now() + performance.now() + Math.random()],
    ['a promise that has been settled before', () => settled],
  ])('%s', async (_name, first) => {
    expect((await check(soundly(first), options)).executions).toBe(13)
  })

  test('lines on the console', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const report = await check(
      soundly(() => process.stdout.write('a line\n')),
      options,
    )
    write.mockRestore()
    expect(report.executions).toBe(13)
  })

  test('stray work that is excepted', async () => {
    const immediate = (): Promise<unknown> => new Promise(resolve => setImmediate(resolve))
    const settings = { ...options, executions: 0, except: ['noStrayWork'] as const, faults: {} }
    const failure: unknown = await check(soundly(immediate), settings).catch((error: unknown) => error)
    expect(failure instanceof CheckFailedError ? failure.invariant : 'sound').not.toBe('noStrayWork')
  })
})

const settled = Promise.resolve()

describe('the clocks and the chance of the host', () => {
  const present = (): readonly unknown[] => [
    Math.random,
    Date,
    Date.now,
    performance.now,
    crypto.randomUUID,
    Object.getOwnPropertyDescriptor(performance, 'now'),
    Object.getOwnPropertyDescriptor(crypto, 'randomUUID'),
  ]

  test('are as before after checks that pass and that fail', async () => {
    const before = present()
    const chance = BAD_RECONCILERS['chance'] as BadReconciler
    await Promise.all([check(soundly(), options), failureOf(apps(chance.reconcile))])
    expect(present()).toEqual(before)
  })

  test('stay as somebody else has set them meanwhile', async () => {
    const { random } = Math
    const own = (): number => 0.5
    await check(
      soundly(() => {
        Math.random = own
      }),
      options,
    )
    expect(Math.random).toBe(own)
    Math.random = random
  })
})
