import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import { openStore } from '../../../src/store/node/index.js'
import { runStoreProgram } from '../../../src/store/program/store-program.js'
import { kindOf, ref } from '../../fixtures/kinds.js'
import { makeCertificates } from './certificates.js'
import { CutProxy } from './cut-proxy.js'
import { canRunEtcd, EtcdServer, freePort } from './etcd-server.js'
import { soon } from './soon.js'

const Widget = kindOf<{ size: number }>('Widget')
const Password = kindOf<{ text: string }>('Password', { secret: true, namespaced: false })
const SECRET = 'correct horse'

async function program(
  ...args: readonly string[]
): Promise<{ code: number; lines: string[]; notes: string }> {
  const lines: string[] = []
  const notes: string[] = []
  const out = { line: (text: string) => void lines.push(text), note: (text: string) => void notes.push(text) }
  return { code: await runStoreProgram(args, out), lines, notes: notes.join('\n') }
}

test('an etcd that is not there', async () => {
  const endpoint = `127.0.0.1:${await freePort()}`
  expect(await program('inspect', '--etcd', endpoint)).toMatchObject({
    code: 1,
    notes: expect.stringContaining('Check that it runs'),
  })
})

test.each([
  ['witness', '--etcd', '127.0.0.1:1', 'x'],
  ['dump', '--etcd', 'http://127.0.0.1:1'],
  ['dump', '--etcd', '127.0.0.1:1', 'x'],
  ['dump', '--etcd', ''],
  ['dump', '--etcd', '127.0.0.1:1', '--prefix', 'app'],
  ['dump', 'x', '--prefix', '/app'],
])('arguments that are wrong: %s %s %s %s', async (...args) => {
  expect((await program(...args.filter(arg => arg !== undefined))).code).toBe(2)
})

describe.skipIf(!canRunEtcd)('keelson-store over an etcd', () => {
  const env = createEnv({ process: 'program', logger: silentLogger })
  const folder = mkdtempSync(join(tmpdir(), 'keelson-program-'))
  let server: EtcdServer
  const revisions: number[] = []
  const over = (verb: string, ...rest: readonly string[]): ReturnType<typeof program> =>
    program(verb, '--etcd', server.endpoint, '--prefix', '/app', ...rest)
  const connect = (prefix = '/app') =>
    connectStore({ kinds: [Widget, Password], env, etcd: { endpoints: [server.endpoint], prefix } })

  beforeAll(async () => {
    server = await EtcdServer.start()
    const store = await connect()
    const wrote = async (write: Promise<unknown>): Promise<void> => {
      await write
      revisions.push(store.revision)
    }
    await wrote(
      store.create(Widget, { metadata: ref('a'), spec: { size: 1 } }, { actor: 'ann', reason: 'a test' }),
    )
    await wrote(store.create(Password, { metadata: { name: 'p' }, spec: { text: SECRET } }))
    await wrote(store.modify(Widget, ref('a'), draft => void (draft.spec.size = 2), { actor: 'bob' }))
    await wrote(store.create(Widget, { metadata: ref('b'), spec: { size: 3 } }, { ttlMs: 1e8 }))
    await wrote(store.create(Widget, { metadata: ref('gone'), spec: { size: 4 } }))
    await wrote(store.delete(Widget, ref('gone'), { actor: 'eve' }))
    await store.close()
    server.ctl('put', '/foreign/store', 'hello')
    server.ctl('put', '/other/key', 'hello')
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await server.close()
  })

  test('looks at it', async () => {
    const { lines } = await over('inspect', '--json')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      lifetimes: 0,
      kinds: [
        { kind: 'Password', objects: 1 },
        { kind: 'Widget', objects: 2, namespaces: 1 },
      ],
    })
    expect((await over('inspect')).lines.join('\n')).toMatch(/2 {2}example\/v1\/Widget/)
    const sizes = (found: { readonly lines: readonly string[] }): unknown[] =>
      found.lines.map(line => (JSON.parse(line) as { spec: unknown }).spec)
    expect(sizes(await over('dump', '--kind', 'Widget'))).toEqual([{ size: 2 }, { size: 3 }])
    expect(sizes(await over('dump', '--kind', 'Widget', '--at', String(revisions[4])))).toEqual([
      { size: 2 },
      { size: 3 },
      { size: 4 },
    ])
    expect(await over('verify')).toMatchObject({
      code: 0,
      lines: [expect.stringContaining('everything can be read')],
    })
  })

  test('tells its past, with who wrote it and why', async () => {
    expect((await over('history', 'Widget', 'default/a')).lines).toEqual([
      `${revisions[0]}\tADDED\tann: a test`,
      `${revisions[2]}\tMODIFIED\tbob`,
    ])
    expect((await over('diff', String(revisions[0]), String(revisions[2]))).lines[0]).toBe(
      'MODIFIED\tWidget\tdefault/a',
    )
    expect((await over('tail')).lines).toEqual([
      `${revisions[0]}\t-\tWidget default/a\tann: a test`,
      `${revisions[1]}\t-\tPassword p`,
      `${revisions[2]}\t-\tWidget default/a\tbob`,
      `${revisions[3]}\t-\tWidget default/b`,
      `${revisions[4]}\t-\tWidget default/gone`,
      `${revisions[5]}\t-\t-Widget default/gone\teve`,
    ])
    expect((await over('tail', '--at', String(revisions[4]))).lines).toHaveLength(1)
    expect(await over('tail', '--at', '99999')).toMatchObject({
      code: 1,
      notes: expect.stringContaining('in the future'),
    })
  })

  test('shows no secret that is not asked for', async () => {
    for (const args of [['dump'], ['diff', '0'], ['history', 'Password', 'p'], ['tail'], ['inspect']]) {
      const [verb = '', ...rest] = args
      for (const json of [[], ['--json']]) {
        const { code, lines } = await over(verb, ...rest, ...json)
        expect(code).toBe(0)
        expect(lines.join('\n')).not.toContain(SECRET)
      }
    }
    expect((await over('dump', '--secrets')).lines.join('\n')).toContain(SECRET)
  })

  test('follows what others write', async () => {
    const lines: string[] = []
    const ending = new AbortController()
    const notes: string[] = []
    const note = (text: string): void => void notes.push(text)
    const out = { line: (text: string) => void lines.push(text), note, signal: () => ending.signal }
    const proxy = await CutProxy.start(server.endpoint)
    const place = ['--etcd', proxy.endpoint, '--prefix', '/followed']
    const store = await connect('/followed')
    const running = runStoreProgram(['tail', ...place, '--follow'], out)
    for (const name of ['x', 'y']) await store.create(Widget, { metadata: ref(name), spec: { size: 1 } })
    await soon(() => lines.length === 2)
    proxy.isDown = true
    proxy.cut()
    await store.create(Widget, { metadata: ref('z'), spec: { size: 1 } })
    await soon(() => notes.length > 0)
    proxy.isDown = false
    await soon(() => lines.length === 3)
    ending.abort()
    expect(await running).toBe(0)
    expect(lines.map(line => line.split('\t')[2])).toEqual(
      ['x', 'y', 'z'].map(name => `Widget default/${name}`),
    )
    expect(notes[0]).toMatch(/has not answered/)
    await proxy.close()
    await store.close()
  })

  test('writes nothing where there is no store, and tells what is there instead', async () => {
    for (const [prefix, text] of [
      ['/none', 'has no store there'],
      ['/other', 'has no store there'],
      ['/foreign', 'it is no JSON'],
    ] as const)
      expect(await program('inspect', '--etcd', server.endpoint, '--prefix', prefix)).toMatchObject({
        code: 3,
        notes: expect.stringContaining(text),
      })
    expect(server.ctl('get', '--prefix', '/none')).toBe('')
  })

  test('finds an object under the key of another one', async () => {
    const store = await connect('/moved')
    await store.create(Widget, { metadata: ref('a'), spec: { size: 1 } })
    await store.close()
    const [, value = ''] = server.ctl('get', '/moved/objects/example/v1/Widget/default/a').trim().split('\n')
    server.ctl('put', '/moved/objects/example/v1/Widget/default/b', value)
    const found = await program('verify', '--etcd', server.endpoint, '--prefix', '/moved')
    expect(found).toMatchObject({
      code: 3,
      lines: [expect.stringMatching(/Widget\/default\/b holds/), expect.anything()],
    })
  })

  test('finds what is kept for objects that are not there', async () => {
    const store = await connect('/left')
    await store.close()
    server.ctl('put', '/left/unique/example/v1/Widget/node%00n1', 'example/v1/Widget/default/gone')
    server.ctl('put', '/left/kept/example/v1/Widget/default/gone', '{"lifetime":"l"}')
    const found = await program('verify', '--etcd', server.endpoint, '--prefix', '/left')
    expect(found.code).toBe(3)
    expect(found.lines.join('\n')).toMatch(/kept\/.*keeps an object that is not there.*remove the key/)
    expect(found.lines.join('\n')).toMatch(/unique\/.*keeps a value for example\/v1\/Widget\/default\/gone/)
  })

  test('backs up, restores and migrates, between an etcd and directories', async () => {
    const [file, dir, second] = ['backup.jsonl', 'restored', 'migrated'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const into = (prefix: string, from: string, ...rest: readonly string[]) =>
      program('restore', '--etcd', server.endpoint, '--prefix', prefix, from, ...rest)
    expect((await over('backup', file)).code).toBe(0)
    expect((await program('restore', dir, file)).lines[0]).toMatch(/3 objects/)
    expect((await over('migrate', second)).code).toBe(0)
    const expected = await over('dump', '--secrets')
    for (const each of [dir, second])
      expect((await program('dump', each, '--secrets')).lines).toEqual(expected.lines)

    expect(await into('/restored', file)).toMatchObject({
      code: 0,
      lines: [expect.stringMatching(/3 objects in .*prefix \/restored, incarnation .*-restored/)],
    })
    expect((await into('/from-dir', dir)).code).toBe(0)
    for (const prefix of ['/restored', '/from-dir']) {
      const store = await connect(prefix)
      expect(store.get(Widget, ref('a'))?.spec.size).toBe(2)
      expect(store.get(Password, { name: 'p' })?.spec.text).toBe(SECRET)
      expect(store.lifetimes.of(Widget, ref('b'))?.ttlMs).toBe(1e8)
      await store.modify(Widget, ref('a'), draft => void draft.spec.size++)
      await store.close()
      const { lines } = await program('dump', '--etcd', server.endpoint, '--prefix', prefix)
      expect(lines.join('\n')).not.toContain(SECRET)
    }
    expect(await into('/restored', file)).toMatchObject({ code: 2, notes: expect.stringContaining('holds') })
    expect(await into('/other', file)).toMatchObject({ code: 2 })
  })

  test('a restore that was cut short is no store', async () => {
    server.ctl('put', '/half/store', '{"format":"restoring","incarnation":"x"}')
    const message = expect.stringContaining('has not come to its end') as string
    await expect(connect('/half')).rejects.toMatchObject({ code: 'Unsupported', message })
    expect(await program('dump', '--etcd', server.endpoint, '--prefix', '/half')).toMatchObject({ code: 3 })
  })

  test('restores more than one transaction of etcd takes, with named lifetimes', async () => {
    const dir = join(folder, 'large')
    const store = await openStore({ kinds: [Widget], dir, env, fsync: 'never' })
    const { id } = await store.lifetimes.grant({ ttlMs: 1e8 })
    const text = 'x'.repeat(8_000)
    await Promise.all(
      Array.from({ length: 250 }, (_, size) =>
        store.create(
          Widget,
          { metadata: { ...ref(`w${size}`), annotations: { text } }, spec: { size } },
          { lifetime: id },
        ),
      ),
    )
    await store.close()
    const place = ['--etcd', server.endpoint, '--prefix', '/large']
    expect(await program('restore', ...place, dir)).toMatchObject({ code: 0, notes: '' })
    const restored = await connect('/large')
    expect(restored.lifetimes.get(id)).toMatchObject({ ttlMs: 1e8, objects: 250 })
    await restored.close()
    expect((await program('dump', ...place)).lines).toHaveLength(250)
  })

  test('knows only what etcd has not compacted', async () => {
    server.ctl('compact', String(revisions[3]))
    expect((await over('history', 'Widget', 'default/gone')).lines).toHaveLength(2)
    expect((await over('tail')).lines).toHaveLength(2)
    expect((await over('dump', '--at', String(revisions[3]))).lines).toHaveLength(3)
    expect(await over('tail', '--at', String(revisions[0]))).toMatchObject({ code: 1 })
    expect(await over('diff', String(revisions[0]))).toMatchObject({
      code: 1,
      notes: expect.stringContaining('no longer kept'),
    })
  })

  test('a user who may not is refused, one who may gives a file', async () => {
    const login = join(folder, 'login')
    server.ctl('user', 'add', 'root:secret')
    server.ctl('user', 'grant-role', 'root', 'root')
    server.ctl('auth', 'enable')
    expect(await over('inspect')).toMatchObject({ code: 1, notes: expect.stringContaining('whose role may') })
    writeFileSync(login, 'root:wrong\n')
    expect((await over('inspect', '--login', login)).code).toBe(1)
    writeFileSync(login, 'secret')
    expect(await over('inspect', '--login', login)).toMatchObject({ code: 2 })
    writeFileSync(login, 'root:secret\n')
    expect((await over('dump', '--login', login)).lines).toHaveLength(3)
  })
})

describe.skipIf(!canRunEtcd)('keelson-store over an etcd with certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-program-tls-'))
  const { ca, client, serverArgs } = makeCertificates(folder)
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start(serverArgs)
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('shows its own, knows that of the authority, and says what is wrong with others', async () => {
    const over = (...args: readonly string[]): ReturnType<typeof program> =>
      program(...args, '--etcd', server.endpoint)
    const own = ['--cert', client.cert, '--key', client.key]
    const source = join(folder, 'store')
    const store = await openStore({ kinds: [Widget], dir: source })
    await store.create(Widget, { metadata: ref('a'), spec: { size: 1 } })
    await store.close()
    expect((await over('restore', source, '--cacert', ca, ...own)).code).toBe(0)
    expect((await over('dump', '--cacert', ca, ...own)).lines).toHaveLength(1)
    expect((await over('verify', '--cacert', ca, ...own)).code).toBe(0)
    expect(await over('dump', '--cacert', ca)).toMatchObject({ code: 1, lines: [] })
    expect(await over('dump', ...own)).toMatchObject({
      code: 1,
      notes: expect.stringMatching(/certificate|issuer/),
    })
    expect(await over('dump', '--cacert', source, ...own)).toMatchObject({
      code: 1,
      notes: expect.stringContaining(source),
    })
    expect(await over('dump', '--cacert', client.key, ...own)).toMatchObject({
      code: 2,
      notes: expect.stringContaining('must be certificates in PEM'),
    })
    for (const wrong of [
      ['--cert', client.cert],
      ['--cacert', '', ...own],
    ])
      expect((await over('dump', ...wrong)).code).toBe(2)
    expect(await program('dump', source, '--cacert', ca)).toMatchObject({
      code: 2,
      notes: expect.stringContaining('--cacert is for --etcd'),
    })
  })
})
