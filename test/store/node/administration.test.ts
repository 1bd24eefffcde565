import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoredObject } from '../../../src/store/index.js'
import type { EncryptionKey, OpenStoreOptions } from '../../../src/store/node/index.js'
import { openStore, restoreStore, startWitness } from '../../../src/store/node/index.js'
import { runStoreProgram } from '../../../src/store/program/store-program.js'
import { kindOf } from '../../fixtures/kinds.js'

/*
 * Everything that an administrator does, with every form that a directory can have: encrypted or not, compacted or not, of one file
 * or of many, of this format or of the one before. What each command tells is compared with what the store itself told when it wrote.
 */

const Job = kindOf<{ size: number; text: string }>('Job')
const kinds = [Job]
const folder = mkdtempSync(join(tmpdir(), 'keelson-administration-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const keyOf = (id: string, byte: number): EncryptionKey => ({ id, secret: Buffer.alloc(32, byte) })
const old = keyOf('old', 1)
const young = keyOf('young', 2)

let files = 0
function keyFile(...keys: readonly EncryptionKey[]): string {
  const path = join(folder, `keys-${files++}`)
  writeFileSync(
    path,
    keys.map(({ id, secret }) => `${id} ${Buffer.from(secret).toString('base64')}\n`).join(''),
  )
  return path
}

/** A form of a directory. */
interface Form {
  /** In the order in which the store is opened with them. */
  readonly keys: readonly (readonly EncryptionKey[])[]
  readonly compacted: boolean
  readonly segmentBytes: number
}

/** A directory, and what its store told of it. */
interface Made {
  readonly dir: string
  readonly keys: readonly EncryptionKey[]
  /** The state of each revision that is still told. */
  readonly states: ReadonlyMap<number, readonly StoredObject[]>
  /** When each revision was there, by the clock of the host. */
  readonly times: ReadonlyMap<number, string>
  readonly revision: number
  readonly oldest: number
}

const forms: readonly (readonly [string, Form])[] = (
  [
    ['plain', [[]]],
    ['encrypted', [[old]]],
    ['of two keys', [[old], [young, old]]],
  ] as const
).flatMap(([name, keys]) =>
  [false, true].flatMap(compacted =>
    [4_096, 1 << 20].map(segmentBytes => {
      const form = { keys, compacted, segmentBytes }
      const size = segmentBytes === 4_096 ? 'many files' : 'one file'
      return [`${name}, ${compacted ? 'compacted' : 'whole'}, ${size}`, form] as const
    }),
  ),
)

let made = 0
const newDir = (): string => join(folder, `dir-${made++}`)

async function make({ keys, compacted, segmentBytes }: Form): Promise<Made> {
  const dir = newDir()
  const states = new Map<number, readonly StoredObject[]>()
  const times = new Map<number, string>()
  let oldest = 0
  let revision = 0
  for (const [life, ring] of keys.entries()) {
    const store = await openStore({ kinds, dir, segmentBytes, fsync: 'never', ...encryptionOf(ring) })
    const seen = async (): Promise<void> => {
      states.set(store.revision, store.list(Job).items)
      await store.env.clock.sleep(2)
      times.set(store.revision, new Date(store.env.clock.now() - 1).toISOString())
    }
    const text = 'x'.repeat(700)
    for (let index = 0; index < 6; index++) {
      const name = `j${life}${index}`
      await store.create(
        Job,
        { metadata: { namespace: 'n', name }, spec: { size: index, text } },
        { actor: 'ann' },
      )
      await seen()
    }
    await store.modify(Job, { namespace: 'n', name: `j${life}0` }, draft => void (draft.spec.size = 99))
    await seen()
    if (compacted) {
      await store.checkpoint()
      await store.compact(store.revision)
      oldest = store.revision
    }
    await store.delete(Job, { namespace: 'n', name: `j${life}1` })
    await seen()
    ;({ revision } = store)
    await store.close()
  }
  return { dir, keys: keys.at(-1) ?? [], states, times, revision, oldest }
}

function encryptionOf(keys: readonly EncryptionKey[]): Pick<OpenStoreOptions, 'encryption'> {
  return keys.length === 0 ? {} : { encryption: { keys } }
}

interface Ran {
  readonly code: number
  readonly lines: readonly string[]
  readonly notes: string
}

async function program(keys: readonly EncryptionKey[], ...args: readonly string[]): Promise<Ran> {
  const [lines, notes]: string[][] = [[], []]
  const out = {
    line: (text: string) => void lines?.push(text),
    note: (text: string) => void notes?.push(text),
  }
  const ring = keys.length === 0 ? [] : ['--keys', keyFile(...keys)]
  const code = await runStoreProgram([...args, ...ring], out)
  return { code, lines: lines ?? [], notes: (notes ?? []).join('\n') }
}

/** What a directory holds, as the library reads it; it is of use as a store, too. */
async function contentOf(dir: string, keys: readonly EncryptionKey[]): Promise<readonly StoredObject[]> {
  const store = await openStore({ kinds, dir, ...encryptionOf(keys) })
  const { items } = store.list(Job)
  expect(store.admin.verify()).toEqual([])
  expect(await store.admin.verifyDisk()).toEqual([])
  await store.close()
  return items
}

function parsed<T = StoredObject>(lines: readonly string[]): readonly T[] {
  return lines.map(line => JSON.parse(line) as T)
}

function snapshotOf(dir: string): readonly (readonly [string, string])[] {
  return readdirSync(dir).map(name => [name, readFileSync(join(dir, name), 'base64')])
}

describe.each(forms)('a directory that is %s', (_name, form) => {
  let it: Made
  let last: readonly StoredObject[]
  let files: ReturnType<typeof snapshotOf>

  beforeAll(async () => {
    it = await make(form)
    last = it.states.get(it.revision) ?? []
    files = snapshotOf(it.dir)
  })

  test('is looked at: inspect, verify, dump, history, diff, tail', async () => {
    const { dir, keys, revision, oldest, states } = it
    const run = (...args: readonly string[]): Promise<Ran> => program(keys, ...args)
    const [inspected = '{}'] = (await run('inspect', dir, '--json')).lines
    expect(JSON.parse(inspected)).toMatchObject({ format: 2, revision, tornBytes: 0, oldestRevision: oldest })
    expect(await run('verify', dir)).toMatchObject({
      code: 0,
      lines: [`revision ${revision}: everything can be read`],
    })
    expect(parsed((await run('dump', dir)).lines)).toEqual(last)
    for (const [at, state] of states) {
      const dumped = await run('dump', dir, '--at', String(at))
      if (at >= oldest) expect(parsed(dumped.lines)).toEqual(state)
      else
        expect(dumped).toMatchObject({ code: 1, lines: [], notes: expect.stringMatching(/no longer kept/) })
    }
    const before = states.get(Math.max(oldest, revision - 2)) ?? []
    const gone = before.filter(({ metadata }) => !last.some(other => other.metadata.uid === metadata.uid))
    const differs = await run('diff', dir, String(Math.max(oldest, revision - 2)), '--json')
    expect(parsed<{ type: string }>(differs.lines).filter(({ type }) => type === 'DELETED')).toHaveLength(
      gone.length,
    )
    const { metadata } = last[0] as StoredObject
    const history = await run('history', dir, 'Job', `n/${metadata.name}`)
    expect(history.lines.at(-1)).toContain(`${metadata.resourceVersion}\t`)
    const told = (await run('tail', dir, '--json')).lines.map(
      line => JSON.parse(line) as { revision?: number },
    )
    expect(Math.max(...told.map(entry => entry.revision ?? 0))).toBe(revision)
    expect(snapshotOf(dir), 'nothing is changed').toEqual(files)
  })

  test('is moved: backup, restore, restore --at, migrate, witness', async () => {
    const { dir, keys, revision, states, times, oldest } = it
    const file = join(folder, `backup-${made++}`)
    expect((await program(keys, 'backup', dir, file)).code).toBe(0)
    const [restored, migrated, copied, byLibrary] = [newDir(), newDir(), newDir(), newDir()]
    // A backup has no key; what is made of it has the one that is given.
    expect((await program([], 'restore', restored, file)).code).toBe(0)
    expect(await contentOf(restored, [])).toEqual(last)
    expect((await program(keys, 'migrate', dir, migrated)).code).toBe(0)
    expect(await contentOf(migrated, keys.slice(0, 1))).toEqual(last)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    await restoreStore({ dir: byLibrary, lines, encryption: { keys: [young] } })
    expect(await contentOf(byLibrary, [young])).toEqual(last)
    const witness = await startWitness({ dir, to: copied })
    expect(witness.lag().lagMs).toBeLessThan(60_000)
    await witness.stop()
    expect(await contentOf(copied, keys)).toEqual(last)
    // A compacted history is still in the log, as long as its files are.
    const points = [
      [oldest + 1, String(oldest + 1)],
      [revision - 1, times.get(revision - 1) ?? ''],
    ] as const
    for (const [at, point] of points) {
      const target = newDir()
      expect(await program(keys, 'restore', target, dir, '--at', point)).toMatchObject({ code: 0 })
      expect(await contentOf(target, keys)).toEqual(states.get(at))
    }
    expect(snapshotOf(dir), 'nothing is changed').toEqual(files)
  })

  test('needs its keys and no others, for everything, and nothing is made without them', async () => {
    const { dir, keys } = it
    if (keys.length === 0) {
      expect((await program([old], 'verify', dir)).code).toBe(0)
      return
    }
    const wrong = keys.map(({ id }, index) => keyOf(id, 77 + index))
    const file = join(folder, `backup-${made++}`)
    const target = newDir()
    const commands = [
      ['inspect', dir],
      ['verify', dir],
      ['dump', dir],
      ['history', dir, 'Job', 'n/j00'],
      ['diff', dir, '0'],
      ['tail', dir],
      ['backup', dir, file],
      ['migrate', dir, target],
      ['restore', target, dir, '--at', '3'],
    ]
    for (const args of commands) {
      const missing = await program([], ...args)
      expect(missing).toMatchObject({ code: 3, lines: [] })
      expect(missing.notes).toMatch(
        /is encrypted with key "(old|young)"; add that key to encryption.keys, or to the file of --keys/,
      )
      const other = await program(wrong, ...args)
      expect(other).toMatchObject({ code: 3, lines: [] })
      expect(other.notes).toMatch(/key "(old|young)" does not decrypt it: the key is another one/)
    }
    for (const path of [file, target]) expect(() => readdirSync(path)).toThrow(/ENOENT/)
    expect(snapshotOf(dir), 'nothing is changed').toEqual(files)
  })
})

test('a directory of format 1 is looked at and moved as it is', async () => {
  const source = join(import.meta.dirname, 'format-1')
  const dir = newDir()
  mkdirSync(dir)
  for (const name of readdirSync(source)) copyFileSync(join(source, name), join(dir, name))
  const incarnation = '299ad6da-5044-4acc-a8dd-b28acd56d2df-2ojrphvflx'
  writeFileSync(join(dir, 'store.json'), JSON.stringify({ format: 'keelson-store', version: 1, incarnation }))
  const files = snapshotOf(dir)
  const run = (...args: readonly string[]): Promise<Ran> => program([], ...args)
  expect(JSON.parse((await run('inspect', dir, '--json')).lines[0] ?? '')).toMatchObject({
    format: 1,
    revision: 6,
  })
  expect((await run('verify', dir)).code).toBe(0)
  const dump = (await run('dump', dir)).lines
  expect(dump).toHaveLength(3)
  expect((await run('history', dir, 'Job', 'default/a')).lines).toHaveLength(2)
  expect((await run('diff', dir, '3', '6')).lines.filter(line => !line.startsWith('\t'))).toHaveLength(3)
  expect((await run('tail', dir)).lines).toHaveLength(6)
  const [restored, migrated, earlier, copied] = [newDir(), newDir(), newDir(), newDir()]
  const file = join(folder, `backup-${made++}`)
  expect((await run('backup', dir, file)).code).toBe(0)
  expect((await run('restore', restored, file)).code).toBe(0)
  expect((await run('migrate', dir, migrated)).code).toBe(0)
  expect((await run('restore', earlier, dir, '--at', '3')).code).toBe(0)
  await (await startWitness({ dir, to: copied })).stop()
  for (const made of [restored, migrated, copied]) expect((await run('dump', made)).lines).toEqual(dump)
  expect((await run('dump', earlier)).lines).toEqual((await run('dump', dir, '--at', '3')).lines)
  expect(JSON.parse((await run('inspect', copied, '--json')).lines[0] ?? '')).toMatchObject({ format: 2 })
  expect(snapshotOf(dir), 'nothing is changed').toEqual(files)
})
