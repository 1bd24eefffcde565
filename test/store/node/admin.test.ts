import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { systemEnv } from '../../../src/core/index.js'
import type { DurableStore } from '../../../src/store/node/index.js'
import { openStore, restoreStore } from '../../../src/store/node/index.js'
import { readProgramArguments } from '../../../src/store/program/program-arguments.js'
import { progressBar } from '../../../src/store/program/program-output.js'
import { runStoreProgram } from '../../../src/store/program/store-program.js'
import { kindOf } from '../../fixtures/kinds.js'

const folder = mkdtempSync(join(tmpdir(), 'keelson-admin-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const Widget = kindOf<{ size: number }>('Widget', { indexes: { size: widget => widget.spec.size } })
const Password = kindOf<{ text: string }>('Password', { secret: true, namespaced: false })
const kinds = [Widget, Password]
const ref = { namespace: 'default', name: 'a' }
const SECRET = 'correct horse'

let made = 0
let dir: string
let store: DurableStore

beforeEach(async () => {
  dir = join(folder, `store-${made++}`)
  store = await openStore({ kinds, dir })
  await store.create(Widget, { metadata: ref, spec: { size: 1 } }, { actor: 'ann', reason: 'a test' })
  await store.create(Password, {
    metadata: { name: 'p', annotations: { hint: SECRET } },
    spec: { text: SECRET },
  })
  await store.modify(Widget, ref, draft => void (draft.spec.size = 2), { actor: 'bob' })
  await store.create(
    Widget,
    { metadata: { ...ref, name: 'b', finalizers: ['example.com/held'] }, spec: { size: 3 } },
    { ttlMs: 1e8 },
  )
  await store.delete(Widget, { ...ref, name: 'b' }, { actor: 'eve', reason: 'no longer needed' })
  return () => store.close()
})

async function program(
  ...args: readonly string[]
): Promise<{ code: number; lines: string[]; notes: string }> {
  const lines: string[] = []
  const notes: string[] = []
  const out = { line: (text: string) => void lines.push(text), note: (text: string) => void notes.push(text) }
  return { code: await runStoreProgram(args, out), lines, notes: notes.join('\n') }
}

async function backupOf(from: DurableStore): Promise<string[]> {
  const lines: string[] = []
  for await (const line of from.admin.backup()) lines.push(line)
  return lines
}

describe('the admin surface', () => {
  test('counts', () => {
    expect(store.admin.stats()).toMatchObject({
      revision: 5,
      oldestRevision: 0,
      kinds: [
        { kind: 'Widget', objects: 2, namespaces: 1 },
        { kind: 'Password', objects: 1 },
      ],
    })
  })

  test('dumps any revision, and secrets only when asked', () => {
    const sizes = [...store.admin.dump({ revision: 1 })].map(({ spec }) => spec)
    expect(sizes).toEqual([{ size: 1 }])
    expect(JSON.stringify([...store.admin.dump()])).not.toContain(SECRET)
    expect(JSON.stringify([...store.admin.dump({ secrets: true })])).toContain(SECRET)
    expect(() => [...store.admin.dump({ revision: 9 })]).toThrow(/in the future/)
  })

  test('tells what differs between two revisions', () => {
    expect(store.admin.diff(1, 3)).toMatchObject([
      {
        type: 'MODIFIED',
        name: 'a',
        patch: expect.arrayContaining([{ op: 'replace', path: '/spec/size', value: 2 }]),
      },
      { type: 'ADDED', kind: 'Password' },
    ])
    expect(JSON.stringify(store.admin.diff(0, 5))).not.toContain(SECRET)
    expect(store.admin.diff(5, 5)).toEqual([])
    expect(() => store.admin.diff(3, 1)).toThrow(/from an older revision/)
  })

  test('tells why an object is still there', async () => {
    const held = { ...ref, name: 'b' }
    expect(store.admin.explainDeletion(Widget, held)).toMatchObject({
      state: 'terminating',
      text: 'Widget default/b is being deleted and waits for finalizer example.com/held',
      finalizers: ['example.com/held'],
      revision: 5,
      actor: 'eve',
      reason: 'no longer needed',
    })
    expect(store.admin.explainDeletion(Widget, ref).state).toBe('live')
    await store.delete(Widget, ref, { actor: 'bob' })
    expect(store.admin.explainDeletion(Widget, ref)).toMatchObject({
      state: 'deleted',
      revision: 6,
      actor: 'bob',
    })
    expect(store.admin.explainDeletion(Widget, { ...ref, name: 'never' }).state).toBe('absent')
  })

  test('names the dependents that a foreground deletion waits for', async () => {
    const { metadata } = await store.create(Widget, {
      metadata: { ...ref, name: 'owner' },
      spec: { size: 1 },
    })
    const owner = { apiVersion: 'example/v1', kind: 'Widget', name: 'owner', uid: metadata.uid }
    await store.create(Widget, {
      metadata: { ...ref, name: 'child', ownerReferences: [{ ...owner, blockOwnerDeletion: true }] },
      spec: { size: 1 },
    })
    await store.delete(Widget, metadata, { propagationPolicy: 'Foreground' })
    expect(store.admin.explainDeletion(Widget, metadata)).toMatchObject({
      blockedBy: [{ kind: 'Widget', namespace: 'default', name: 'child' }],
    })
  })

  test('tells who was quicker', async () => {
    const [read] = store.history(Widget, ref)
    const stale = await store
      .update(Widget, { ...(read?.object as never as { metadata: object }), spec: { size: 5 } } as never)
      .catch((error: unknown) => error)
    expect(store.admin.explainConflict(stale)).toEqual({
      object: { kind: 'Widget', namespace: 'default', name: 'a' },
      text: 'Widget default/a was read at revision 1, and changed since by revision 3 (bob)',
      since: [{ revision: 3, type: 'MODIFIED', actor: 'bob' }],
    })
    expect(() => store.admin.explainConflict(new Error('else'))).toThrow(/stale/)
  })

  test('finds nothing wrong with what is right, in memory and on disk', async () => {
    expect(store.admin.verify()).toEqual([])
    expect(await store.admin.verifyDisk()).toEqual([])
    await store.checkpoint()
    expect(await store.admin.verifyDisk()).toEqual([])
  })

  test('notices a disk that is not what it was', async () => {
    const [log = ''] = (await program('inspect', dir, '--json')).lines.flatMap(
      line => (JSON.parse(line) as { logFiles: string[] }).logFiles,
    )
    const bytes = readFileSync(join(dir, log))
    bytes.writeUInt8(bytes.readUInt8(300) ^ 1, 300)
    writeFileSync(join(dir, log), bytes)
    await expect(store.admin.verifyDisk()).rejects.toMatchObject({ code: 'Corrupt' })
  })
})

describe('a backup', () => {
  test('restored has the same objects, revisions and lifetimes, and another incarnation', async () => {
    const lines = await backupOf(store)
    const target = join(folder, `restored-${made++}`)
    const { revision, objects, incarnation } = await restoreStore({ dir: target, lines })
    expect([revision, objects]).toEqual([5, 3])
    const restored = await openStore({ kinds, dir: target })
    expect(incarnation).not.toBe(store.admin.stats().incarnation)
    expect([...restored.admin.dump({ secrets: true })]).toEqual([...store.admin.dump({ secrets: true })])
    expect(restored.lifetimes.of(Widget, { ...ref, name: 'b' })?.ttlMs).toBe(1e8)
    expect(() => restored.watch(Widget, { since: 3 })).toThrow(/no longer kept/)
    await restored.modify(Widget, ref, draft => void (draft.spec.size = 9))
    expect(restored.revision).toBe(6)
    await restored.close()
    const again = await openStore({ kinds, dir: target })
    expect([again.revision, again.get(Widget, ref)?.spec.size]).toEqual([6, 9])
    expect(again.watch(Widget, { since: 5 }).revision).toBe(5)
    await again.close()
  })

  test('that is not whole, or was changed, is refused', async () => {
    const lines = await backupOf(store)
    const changed = lines.map(line => line.replace('"size":2', '"size":7'))
    const cases: readonly [string[], object][] = [
      [lines.slice(0, -1), { code: 'Corrupt', message: expect.stringContaining('its last line is missing') }],
      [lines.toSpliced(1, 1), { code: 'Corrupt' }],
      [changed, { code: 'Corrupt' }],
      [['{'], { code: 'Corrupt', message: expect.stringContaining('line 1 is not a JSON object') }],
      [['{"format":"other"}'], { code: 'Unsupported' }],
      [lines.map(line => line.replace('"version":1', '"version":2')), { code: 'Unsupported' }],
    ]
    for (const [bad, expected] of cases) {
      const target = join(folder, `bad-${made++}`)
      await expect(restoreStore({ dir: target, lines: bad })).rejects.toMatchObject(expected)
    }
    await expect(restoreStore({ dir, lines })).rejects.toMatchObject({ code: 'Locked' })
    await store.close()
    await expect(restoreStore({ dir, lines })).rejects.toMatchObject({ code: 'Usage' })
  })

  test('is of one revision, whatever is written meanwhile', async () => {
    for (let size = 0; size < 450; size++)
      void store.create(Widget, { metadata: { ...ref, name: `n${size}` }, spec: { size } })
    await store.durable()
    const { revision } = store
    const before = [...store.admin.dump({ secrets: true })]
    const lines: string[] = []
    for await (const line of store.admin.backup()) {
      lines.push(line)
      void store.modify(Widget, ref, draft => void draft.spec.size++)
      void store.delete(Widget, { ...ref, name: `n${lines.length}` }).catch(() => {})
    }
    const target = join(folder, `online-${made++}`)
    await restoreStore({ dir: target, lines, env: systemEnv })
    const restored = await openStore({ kinds, dir: target })
    expect(restored.revision).toBe(revision)
    expect([...restored.admin.dump({ secrets: true })]).toEqual(before)
    await restored.close()
  })
})

describe('keelson-store', () => {
  test('looks at a directory that is in use', async () => {
    expect((await program('inspect', dir)).lines.join('\n')).toMatch(
      /revision {6}5,.*\n[^]*2 {2}example\/v1\/Widget/,
    )
    expect(await program('verify', dir)).toMatchObject({
      code: 0,
      lines: ['revision 5: everything can be read'],
    })
    const dump = await program('dump', dir, '--kind', 'Widget')
    expect(dump.lines.map(line => (JSON.parse(line) as { spec: unknown }).spec)).toEqual([
      { size: 2 },
      { size: 3 },
    ])
    expect((await program('history', dir, 'Widget', 'default/a')).lines).toEqual([
      '1\tADDED\tann: a test',
      '3\tMODIFIED\tbob',
    ])
    expect(await program('history', dir, 'Widget', 'default/nothing')).toMatchObject({ code: 1, lines: [] })
    expect((await program('diff', dir, '1', '3')).lines[0]).toBe('MODIFIED\tWidget\tdefault/a')
    expect((await program('tail', dir, '--at', '4')).lines).toEqual([
      expect.stringMatching(/^5\t.*Z\tWidget default\/b\teve: no longer needed$/),
    ])
  })

  test('shows no secret that is not asked for', async () => {
    for (const args of [['dump'], ['diff', '0'], ['history', 'Password', 'p'], ['tail'], ['inspect']]) {
      const [verb = '', ...rest] = args
      for (const json of [[], ['--json']])
        expect((await program(verb, dir, ...rest, ...json)).lines.join('\n')).not.toContain(SECRET)
    }
    expect((await program('dump', dir, '--secrets')).lines.join('\n')).toContain(SECRET)
    const wrong = store.create(Password, { metadata: { name: 'q' }, spec: { text: () => SECRET } as never })
    await expect(wrong).rejects.toMatchObject({
      code: 'Invalid',
      details: { problems: [{ value: '(secret)' }] },
    })
  })

  test('backs up, restores and migrates', async () => {
    const file = join(folder, `backup-${made++}.jsonl`)
    const [restored, migrated] = [join(folder, `r-${made++}`), join(folder, `m-${made++}`)]
    expect((await program('backup', dir, file)).code).toBe(0)
    expect(await program('backup', dir, file)).toMatchObject({
      code: 1,
      notes: expect.stringContaining('EEXIST'),
    })
    expect((await program('restore', restored, file)).lines[0]).toMatch(/^revision 5: 3 objects/)
    expect((await program('migrate', dir, migrated)).code).toBe(0)
    const dumps = await Promise.all([dir, restored, migrated].map(each => program('dump', each, '--secrets')))
    expect(dumps[1]?.lines).toEqual(dumps[0]?.lines)
    expect(dumps[2]?.lines).toEqual(dumps[0]?.lines)
    expect(await program('restore', restored, join(folder, 'none'))).toMatchObject({ code: 1 })
  })

  test('tells the version of its package', async () => {
    const lines: string[] = []
    const out = {
      line: (text: string) => void lines.push(text),
      note: (text: string) => void lines.push(text),
      version: () => '1.2.3',
    }
    expect([await runStoreProgram(['--version'], out), lines]).toEqual([0, ['1.2.3']])
  })

  test.each([
    [[], 0],
    [['--help'], 0],
    [['look', 'x'], 2],
    [['dump'], 2],
    [['dump', 'x', 'y'], 2],
    [['diff', 'x'], 2],
    [['diff', 'x', 'one'], 2],
    [['dump', 'x', '--at', 'now'], 2],
    [['dump', 'x', '--all'], 2],
    [['dump', 'x', '--follow'], 2],
    [['restore', 'x', 'y', '--at', 'noon'], 2],
    [['restore', 'x', join(folder, 'none'), '--at', '7'], 1],
    [['witness', folder, join(folder, 'none')], 3],
    [['inspect', join(folder, 'nowhere')], 1],
    [['inspect', folder], 3],
  ])('%j ends with code %i', async (args, code) => {
    expect((await program(...args)).code).toBe(code)
  })

  test('restores a directory as it was at a revision or a time, with its lifetimes', async () => {
    const before = Date.now()
    await store.env.clock.sleep(2)
    await store.delete(Widget, ref)
    const targets = [
      join(folder, `at-${made++}`),
      join(folder, `at-${made++}`),
      join(folder, `at-${made++}`),
    ] as const
    const at = (target: string, point: string) => program('restore', target, dir, '--at', point)
    expect(await at(targets[0], '4')).toMatchObject({
      code: 0,
      lines: [expect.stringMatching(/^revision 4: 3 objects/)],
    })
    expect(await at(targets[1], new Date(before).toISOString())).toMatchObject({
      lines: [expect.stringMatching(/^revision 5: 3 objects/)],
    })
    const restored = await openStore({ kinds, dir: targets[0] })
    expect([...restored.admin.dump({ secrets: true })]).toEqual([
      ...store.admin.dump({ revision: 4, secrets: true }),
    ])
    expect(restored.lifetimes.of(Widget, { ...ref, name: 'b' })?.ttlMs).toBe(1e8)
    await restored.close()
    expect(await at(targets[2], '99')).toMatchObject({
      code: 1,
      notes: expect.stringContaining('in the future'),
    })
    const file = join(folder, `backup-${made++}.jsonl`)
    await program('backup', dir, file)
    expect(await program('restore', targets[2], file, '--at', '3')).toMatchObject({
      code: 2,
      notes: expect.stringContaining('a backup has one revision'),
    })
  })

  test('refuses a time before everything that it knows, and says which is the earliest', async () => {
    const restored = join(folder, `early-${made++}`)
    const began = Date.now()
    await program('restore', restored, dir)
    const later = await openStore({ kinds, dir: restored })
    await later.env.clock.sleep(2)
    await later.delete(Widget, ref)
    await later.close()
    for (const from of [dir, restored]) {
      const target = join(folder, `early-${made++}`)
      const early = await program('restore', target, from, '--at', '1999-01-01T00:00:00Z')
      expect(early).toMatchObject({ code: 1, lines: [] })
      const [, earliest = ''] = /older than revision \d+ of (\S+);/.exec(early.notes) ?? []
      expect(Date.parse(earliest)).toBeGreaterThan(began - 600_000)
      expect((await program('restore', target, from, '--at', earliest)).code).toBe(0)
    }
    const empty = await program('restore', join(folder, `early-${made++}`), dir, '--at', '0')
    expect(empty.lines).toEqual([expect.stringMatching(/^revision 0: 0 objects/)])
  })

  test('does not copy a directory to itself, whatever it is called', async () => {
    await store.close()
    const link = join(folder, `link-${made++}`)
    symlinkSync(dir, link)
    for (const to of [dir, `${dir}/`, join(dir, '..', basename(dir)), link])
      expect(await program('witness', dir, to)).toMatchObject({
        code: 2,
        notes: expect.stringContaining('a directory of its own'),
      })
  })

  test('leaves no part of a backup, so that its name can be given again', async () => {
    const file = join(folder, `backup-${made++}.jsonl`)
    const lines: string[] = []
    const broken = {
      line: (text: string) => void lines.push(text),
      note: (text: string) => void lines.push(text),
      progress: () => {
        throw new Error('planned by the test')
      },
    }
    expect(await runStoreProgram(['backup', dir, file], broken)).toBe(1)
    expect(lines.join('\n')).toMatch(/saving .* failed: planned by the test. .*, then try again/)
    expect((await program('backup', dir, file)).code).toBe(0)
  })

  test('follows the log of a store that writes, and its restarts', async () => {
    const lines: string[] = []
    const ending = new AbortController()
    const out = { line: (text: string) => void lines.push(text), note: () => {}, signal: () => ending.signal }
    const running = runStoreProgram(['tail', dir, '--follow', '--at', '4'], out)
    await store.delete(Widget, ref, { actor: 'ann' })
    await store.close()
    store = await openStore({ kinds, dir })
    await store.create(Widget, { metadata: { ...ref, name: 'c' }, spec: { size: 1 } })
    while (lines.length < 3) await store.env.clock.sleep(20)
    ending.abort()
    expect(await running).toBe(0)
    expect(lines.map(line => line.split('\t').filter((_, column) => column !== 1))).toEqual([
      ['5', 'Widget default/b', 'eve: no longer needed'],
      ['6', '-Widget default/a', 'ann'],
      ['7', 'Widget default/c'],
    ])
  })

  test('shows how far it is to people only', async () => {
    const told: (readonly number[])[] = []
    const out = {
      line: () => {},
      note: () => {},
      progress: (done: number, total: number) => void told.push([done, total]),
    }
    const file = join(folder, `backup-${made++}.jsonl`)
    await runStoreProgram(['backup', dir, `${file}.json`, '--json'], out)
    expect(told).toEqual([])
    await runStoreProgram(['backup', dir, file], out)
    expect(told).toEqual([[3, 3]])
    expect([progressBar(0, 8), progressBar(2, 8), progressBar(9, 8), progressBar(0, 0)]).toEqual([
      '[------------------------------] 0 %',
      '[########----------------------] 25 %',
      '[##############################] 100 %',
      '[##############################] 100 %',
    ])
  })

  test.each([
    [['backup'], /^error: backup has too few arguments; it takes DIR FILE\nusage: .*--help tells more$/],
    [['inspect', '--at', '3'], /^error: --at is for dump, tail, restore, not for inspect\n/],
    [['verify', '--follow'], /^error: --follow is for tail, not for verify\n/],
  ])('refuses %j, and says what is expected', async ([verb = '', ...rest], message) => {
    expect(await program(verb, dir, ...rest)).toMatchObject({
      code: 2,
      notes: expect.stringMatching(message),
    })
  })

  test('ends with 2 for a kind that is not there, and with 3 for damage', async () => {
    expect(await program('dump', dir, '--kind', 'Gadget')).toMatchObject({
      code: 2,
      notes: expect.stringContaining('there are Widget, Password'),
    })
    writeFileSync(join(dir, 'store.json'), '{')
    expect(await program('verify', dir)).toMatchObject({
      code: 3,
      notes: expect.stringContaining('is corrupt'),
    })
  })

  test('reads its arguments', () => {
    expect(readProgramArguments(['dump', 'd', '--at', '7', '--kind', 'Task', '--json'])).toEqual({
      kind: 'run',
      verb: 'dump',
      dir: 'd',
      rest: [],
      json: true,
      secrets: false,
      at: 7,
      atMs: undefined,
      follow: false,
      of: 'Task',
      keys: undefined,
    })
  })
})
