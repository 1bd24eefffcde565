import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { EncryptionKey, OpenStoreOptions } from '../../../src/store/node/index.js'
import { openStore, restoreStore } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { runStoreProgram } from '../../../src/store/program/store-program.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

const Widget = kindOf<{ text: string }>('Widget')
const SECRET = 'correct horse battery staple'
const keyOf = (id: string, byte: number): EncryptionKey => ({ id, secret: Buffer.alloc(32, byte) })
const old = keyOf('2026-10', 1)
const young = keyOf('2026-11', 2)

type Options = Omit<OpenStoreOptions, 'dir'>
const withKeys = (...keys: readonly EncryptionKey[]): Options => ({
  kinds: [Widget],
  segmentBytes: 4_096,
  ...(keys.length === 0 ? {} : { encryption: { keys } }),
})

const folder = mkdtempSync(join(tmpdir(), 'keelson-encryption-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function write(disk: FaultyDisk, options: Options, prefix: string): Promise<void> {
  const store = await openStoreOn(disk, options)
  for (let number = 0; number < 20; number++)
    await store.create(Widget, {
      metadata: { namespace: 'n', name: `${prefix}${number}` },
      spec: { text: `${SECRET} ${number}` },
    })
  await store.checkpoint()
  await store.modify(Widget, { namespace: 'n', name: `${prefix}0` }, draft => void (draft.spec.text = SECRET))
  await store.close()
}

async function count(disk: FaultyDisk, options: Options): Promise<number> {
  const store = await openStoreOn(diskOf(disk.files()), options)
  const { length } = store.list(Widget).items
  expect(await store.admin.verifyDisk()).toEqual([])
  await store.close()
  return length
}

const textOf = (disk: FaultyDisk): string => Buffer.concat([...disk.files().values()]).toString('latin1')

test('nothing of an object can be read without a key: no spec, no name, no kind', async () => {
  const disk = diskOf([])
  await write(disk, withKeys(old), 'a')
  for (const word of [SECRET, 'Widget', 'example/v1', 'a17']) expect(textOf(disk)).not.toContain(word)
  expect(textOf(disk)).toContain('2026-10')
  expect(await count(disk, withKeys(old))).toBe(20)
  await expect(count(disk, withKeys())).rejects.toMatchObject({
    code: 'Unsupported',
    message: expect.stringMatching(/encrypted with key "2026-10"; add that key to encryption.keys/),
  })
  await expect(count(disk, withKeys(young))).rejects.toMatchObject({ code: 'Unsupported' })
  await expect(count(disk, withKeys(keyOf('2026-10', 7)))).rejects.toMatchObject({
    code: 'Corrupt',
    message: expect.stringMatching(/key "2026-10" does not decrypt it/),
  })
})

test('the first key writes and all read, until everything is rewritten', async () => {
  const disk = diskOf([])
  await write(disk, withKeys(), 'plain')
  await write(disk, withKeys(old), 'old')
  await write(disk, withKeys(young, old), 'young')
  expect(await count(disk, withKeys(old, young))).toBe(60)
  await expect(count(disk, withKeys(young))).rejects.toMatchObject({ code: 'Unsupported' })

  const store = await openStoreOn(disk, withKeys(young, old))
  await store.reencrypt()
  const { revision } = store
  await store.close()
  expect(textOf(disk)).not.toContain(SECRET)
  expect(textOf(disk)).not.toContain('2026-10')
  expect(await count(disk, withKeys(young))).toBe(60)
  const again = await openStoreOn(disk, withKeys(young))
  expect(again.revision).toBe(revision)
  await again.close()
})

test('a frame that was moved to another place does not decrypt, even where its checksums are right', async () => {
  const [one, other] = [diskOf([]), diskOf([])]
  await write(one, withKeys(old), 'a')
  await write(other, withKeys(old), 'a')
  const identity = (disk: FaultyDisk): string => (disk.files().get('store.json') ?? '').toString()
  const [name = ''] = one.logs().map(([each]) => each)
  // The head of the file says whose it is, so that is made to agree.
  const incarnation = (JSON.parse(identity(one)) as { incarnation: string }).incarnation
  other.put('store.json', Buffer.from(JSON.stringify({ format: 'keelson-store', version: 1, incarnation })))
  for (const [each] of other.logs()) other.take(each)
  for (const each of [...other.files().keys()].filter(file => file.startsWith('checkpoint'))) other.take(each)
  for (const [each, bytes] of one.logs()) other.put(each === name ? 'log-0000000000000002' : each, bytes)
  await expect(count(other, withKeys(old))).rejects.toMatchObject({ code: 'Corrupt' })
})

test('no two frames have the same nonce and key, over all lives', async () => {
  const disk = diskOf([])
  const seen = new Set<string>()
  let frames = 0
  for (let life = 0; life < 3; life++) await write(disk, withKeys(old), `life${life}-`)
  const text = textOf(disk)
  for (let at = text.indexOf('2026-10'); at >= 0; at = text.indexOf('2026-10', at + 1)) {
    seen.add(text.slice(at + 7, at + 7 + 16 + 12))
    frames++
  }
  expect(frames).toBeGreaterThan(60)
  expect(seen.size).toBe(frames)
})

test('a backup is restored under encryption, and the program reads with a file of keys', async () => {
  const source = await openStoreOn(diskOf([]), withKeys(old))
  await source.create(Widget, { metadata: { namespace: 'n', name: 'a' }, spec: { text: SECRET } })
  const dir = join(folder, 'restored')
  await restoreStore({ dir, lines: source.admin.backup(), encryption: { keys: [young] } })
  await source.close()
  for (const name of readdirSync(dir)) expect(readFileSync(join(dir, name), 'latin1')).not.toContain(SECRET)
  const store = await openStore({ dir, kinds: [Widget], encryption: { keys: [young] } })
  expect(store.get(Widget, { namespace: 'n', name: 'a' })?.spec.text).toBe(SECRET)
  await store.close()

  const keys = join(folder, 'keys')
  writeFileSync(keys, `# keys of the test\n2026-11 ${Buffer.from(young.secret).toString('base64')}\n`)
  const lines: string[] = []
  const notes: string[] = []
  const out = { line: (text: string) => void lines.push(text), note: (text: string) => void notes.push(text) }
  expect(await runStoreProgram(['dump', dir], out)).toBe(3)
  expect(await runStoreProgram(['dump', dir, '--keys', keys], out)).toBe(0)
  expect(lines.join('\n')).toContain(SECRET)
  writeFileSync(keys, 'my-secret-key\n')
  expect(await runStoreProgram(['dump', dir, '--keys', keys], out)).toBe(2)
  expect(notes.join('\n')).not.toContain('my-secret-key')
})

test.each([
  [[{ id: '', secret: Buffer.alloc(32) }], /keys\[0\] must have an id/],
  [[keyOf('a', 1), keyOf('a', 2)], /keys\[1\] has the id a of another one/],
  [[{ id: 'a', secret: Buffer.alloc(16) }], /keys\[0\] must have a secret of 32 bytes/],
])('keys that cannot be are refused: %#', async (keys, message) => {
  await expect(openStoreOn(diskOf([]), withKeys(...keys))).rejects.toMatchObject({
    code: 'Usage',
    message: expect.stringMatching(message),
  })
})
